package providers

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/providers/google"
)

// googleDescription is Google's own description of the Calendar API, which the SDK is
// made from and comes with.
type googleDescription struct {
	Schemas   map[string]googleSchema
	Resources map[string]struct {
		Methods map[string]struct {
			HTTPMethod string
			Path       string
			Parameters map[string]struct{ Location string }
			Request    googleSchema
			Response   googleSchema
		}
	}
}

type googleSchema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Properties           map[string]googleSchema
	Items                *googleSchema
	AdditionalProperties *googleSchema
}

func describedByGoogle(t *testing.T) (d googleDescription) {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	require.NoError(t, err)
	raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "calendar", "v3", "calendar-api.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &d))
	return d
}

// P1: the description has each operation, each parameter of it, and each member that is
// read of its response.
func TestP1_GoogleIsAsItsDescriptionHasIt(t *testing.T) {
	d := describedByGoogle(t)
	for _, op := range google.Operations {
		info := op.Info()
		route, ok := strings.CutPrefix(info.Route, "/calendar/v3/")
		if !ok {
			require.Equal(t, "userinfo.get", info.Name)
			continue
		}
		resource, method, _ := strings.Cut(info.Name, ".")
		m, ok := d.Resources[resource].Methods[method]
		require.True(t, ok, info.Name)
		require.Equal(t, m.HTTPMethod+" "+m.Path, info.Method+" "+route)
		for i := range info.In.NumField() {
			for _, place := range []string{"path", "query"} {
				name, _, _ := strings.Cut(info.In.Field(i).Tag.Get(place), ",")
				if name != "" {
					require.Equal(t, place, m.Parameters[name].Location, "%s: %s", info.Name, name)
				}
			}
		}
		if m.Response.Ref != "" {
			d.holds(t, info.Name, info.Out, m.Response)
		}
		// Of what is sent, the types that have members by their names.
		for i := range info.In.NumField() {
			f := info.In.Field(i)
			if f.Tag.Get("body") == "json" {
				d.holds(t, info.Name, f.Type, m.Request)
			}
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
				_, ok := d.Schemas[m.Request.Ref].Properties[name]
				require.True(t, ok, "%s has no %s", info.Name, name)
			}
		}
	}
}

// holds follows a type's members in a schema.
func (d *googleDescription) holds(t *testing.T, at string, typ reflect.Type, s googleSchema) {
	t.Helper()
	if s.Ref != "" {
		s = d.Schemas[s.Ref]
	}
	switch {
	case typ.Kind() == reflect.Pointer:
		d.holds(t, at, typ.Elem(), s)
	case typ.Kind() == reflect.Slice:
		require.Equal(t, "array", s.Type, at)
		d.holds(t, at, typ.Elem(), *s.Items)
	case typ.Kind() == reflect.Map:
		require.NotNil(t, s.AdditionalProperties, at)
		d.holds(t, at, typ.Elem(), *s.AdditionalProperties)
	case typ.Kind() == reflect.Struct && s.Type == "object":
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			if name == "" {
				continue
			}
			member, ok := s.Properties[name]
			require.True(t, ok, "%s: %s has no %s", at, typ, name)
			d.holds(t, at+"."+name, typ.Field(i).Type, member)
		}
	}
}
