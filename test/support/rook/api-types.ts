import type {
  V1ConfigMap,
  V1ConfigMapProjection,
  V1Container,
  V1ContainerPort,
  V1DaemonSet,
  V1DaemonSetUpdateStrategy,
  V1Deployment,
  V1EnvVar,
  V1ObjectMeta,
  V1PodAntiAffinity,
  V1PodSpec,
  V1PodTemplateSpec,
  V1SecurityContext,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';

/** A type of the API client as the plain object that travels as JSON: no class instance, and times as strings. */
export type AsJson<T> = T extends Date ? string : T extends object ? { [K in keyof T]: AsJson<T[K]> } : T;

export type ConfigMap = AsJson<V1ConfigMap>;
export type ConfigMapProjection = AsJson<V1ConfigMapProjection>;
export type Container = AsJson<V1Container>;
export type ContainerPort = AsJson<V1ContainerPort>;
export type DaemonSet = AsJson<V1DaemonSet>;
export type DaemonSetUpdateStrategy = AsJson<V1DaemonSetUpdateStrategy>;
export type Deployment = AsJson<V1Deployment>;
export type EnvVar = AsJson<V1EnvVar>;
export type ObjectMeta = AsJson<V1ObjectMeta>;
export type PodAntiAffinity = AsJson<V1PodAntiAffinity>;
export type PodSpec = AsJson<V1PodSpec>;
export type PodTemplateSpec = AsJson<V1PodTemplateSpec>;
export type SecurityContext = AsJson<V1SecurityContext>;
export type Volume = AsJson<V1Volume>;
export type VolumeMount = AsJson<V1VolumeMount>;
