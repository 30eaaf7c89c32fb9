{{/* What is read. */}}
{{- define "rules.read" -}}
- apiGroups: [apps]
  resources: [deployments]
  resourceNames: [csi-rbdplugin-provisioner, csi-cephfsplugin-provisioner]
  verbs: [get, list, watch]
- apiGroups: [apps]
  resources: [deployments]
  resourceNames: [rook-ceph-operator]
  verbs: [list, watch]
- apiGroups: [apps]
  resources: [daemonsets]
  resourceNames: [csi-rbdplugin]
  verbs: [get, list, watch]
- apiGroups: ['']
  resources: [configmaps]
  resourceNames: [rook-ceph-operator-config]
  verbs: [get, list, watch]
- apiGroups: [csiports.io]
  resources: [csiportassignments]
  resourceNames: [default]
  verbs: [get, list, watch]
# Not by name: a Driver's holds its namespace and its type. ceph-csi-operator need not be installed.
- apiGroups: [csi.ceph.io]
  resources: [drivers]
  verbs: [list, watch]
{{- end }}

{{/* Which host ports the pods of others take. */}}
{{- define "rules.hostNetworkPods" -}}
- apiGroups: ['']
  resources: [pods]
  verbs: [list, watch]
{{- end }}

{{/* What is written in a Rook namespace. */}}
{{- define "rules.write" -}}
- apiGroups: [apps]
  resources: [deployments]
  resourceNames: [csi-rbdplugin-provisioner, csi-cephfsplugin-provisioner]
  verbs: [patch]
- apiGroups: [apps]
  resources: [daemonsets]
  resourceNames: [csi-rbdplugin]
  verbs: [patch]
- apiGroups: ['']
  resources: [configmaps]
  resourceNames: [rook-ceph-operator-config]
  verbs: [patch]
- apiGroups: [csiports.io]
  resources: [csiportassignments/status]
  resourceNames: [default]
  verbs: [patch]
# Not by name: an event's name is made up when it is created.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
