{{/*
All names are fixed and do not depend on the name of the release: the Lease has one name, and a second release that claims the same
ClusterRole or the same Rook namespace is rejected by Helm instead of fighting over the ports.
*/}}

{{- define "selector" -}}
app.kubernetes.io/name: csi-port-operator
app.kubernetes.io/component: manager
{{- end }}

{{/* Labels of an object of the release; called with the root and the component. */}}
{{- define "labels" -}}
app.kubernetes.io/name: csi-port-operator
app.kubernetes.io/component: {{ .component }}
{{- with .root }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}
{{- end }}

{{/* The subjects of every binding. */}}
{{- define "subjects" -}}
- kind: ServiceAccount
  name: {{ .Values.serviceAccount.name }}
  namespace: {{ .Release.Namespace }}
{{- end }}

{{/* rookNamespaces as objects, in JSON: {"items": [{name, assignment}]}. */}}
{{- define "rookNamespaces" -}}
{{- $items := list }}
{{- range .Values.rookNamespaces }}
{{- $entry := ternary (dict "name" .) . (kindIs "string" .) }}
{{- $items = append $items (merge (dict) $entry (dict "assignment" dict)) }}
{{- end }}
{{- dict "items" $items | toJson }}
{{- end }}

{{/* The names of rookNamespaces, comma separated. */}}
{{- define "rookNamespaceNames" -}}
{{- $names := list }}
{{- range (include "rookNamespaces" . | fromJson).items }}
{{- $names = append $names .name }}
{{- end }}
{{- if ne (len $names) (len (uniq $names)) }}
{{- fail "rookNamespaces names a namespace twice: leave one of the two entries out" }}
{{- end }}
{{- join "," $names }}
{{- end }}

{{- define "image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}
