package github

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/integration/internal/servers"
	"github.com/standpipe-go/standpipe/providers/github"
	"github.com/standpipe-go/standpipe/secret"
)

type object = map[string]any

// description is GitHub's own, of the paths of our operations alone.
type description struct{ whole, cut object }

func describe(t *testing.T) *description {
	t.Helper()
	raw, err := os.ReadFile(servers.GitHubDescription(t))
	require.NoError(t, err)
	d := &description{cut: object{}}
	require.NoError(t, json.Unmarshal(raw, &d.whole))
	mend(d.whole)
	paths := object{}
	for _, op := range github.Operations {
		route := routeOf(op)
		require.Contains(t, d.whole["paths"], route, "GitHub's description has no such path")
		item, method := at(d.whole, "paths", route), strings.ToLower(op.Info().Method)
		require.Contains(t, item, method, route)
		if paths[route] == nil {
			paths[route] = object{}
		}
		paths[route].(object)[method] = item[method]
	}
	for _, name := range []string{"openapi", "info"} {
		d.cut[name] = d.whole[name]
	}
	d.cut["paths"] = paths
	d.keep(paths)
	return d
}

// mend gives the example of a file a content that is base64: GitHub's has line breaks as
// \n in it, and is cut.
func mend(v any) {
	switch v := v.(type) {
	case object:
		if v["encoding"] == "base64" && v["content"] != nil {
			v["content"] = "SGVsbG8g\nV29ybGQ=\n"
		}
		for _, inner := range v {
			mend(inner)
		}
	case []any:
		for _, inner := range v {
			mend(inner)
		}
	}
}

// routeOf is the route as the description has it.
func routeOf(op client.Operation) string { return strings.ReplaceAll(op.Info().Route, "...}", "}") }

// at walks down objects.
func at(o object, path ...string) object {
	for _, name := range path {
		o, _ = o[name].(object)
	}
	return o
}

// keep copies what v refers to, and what that refers to.
func (d *description) keep(v any) {
	switch v := v.(type) {
	case object:
		if ref, ok := v["$ref"].(string); ok {
			path := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
			into := d.cut
			for _, name := range path[:len(path)-1] {
				if into[name] == nil {
					into[name] = object{}
				}
				into = into[name].(object)
			}
			if last := path[len(path)-1]; into[last] == nil {
				found := at(d.whole, path...)
				into[last] = found
				d.keep(found)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			d.keep(v[name])
		}
	case []any:
		for _, item := range v {
			d.keep(item)
		}
	}
}

// resolve follows a reference, if o is one.
func (d *description) resolve(o object) object {
	for o["$ref"] != nil {
		o = at(d.whole, strings.Split(strings.TrimPrefix(o["$ref"].(string), "#/"), "/")...)
	}
	return o
}

func (d *description) operation(op client.Operation) object {
	return at(d.cut, "paths", routeOf(op), strings.ToLower(op.Info().Method))
}

// write writes the description for Prism.
func (d *description) write(t *testing.T) string {
	t.Helper()
	raw, err := json.Marshal(d.cut)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "github.json")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	return path
}

// P1: GitHub's description knows every parameter that an input has a field for, and
// nothing that it requires is missing.
func TestP1_InputsAreWhatGitHubDescribes(t *testing.T) {
	d := describe(t)
	for _, op := range github.Operations {
		info := op.Info()
		t.Run(info.Name, func(t *testing.T) {
			described := d.operation(op)
			require.Equal(t, strings.Split(info.Name, ".")[0], strings.Split(described["operationId"].(string), "/")[0])
			known := map[string]bool{}
			parameters, _ := described["parameters"].([]any)
			for _, p := range parameters {
				p := d.resolve(p.(object))
				known[p["in"].(string)+" "+p["name"].(string)] = true
			}
			schema := at(described, "requestBody", "content", "application/json", "schema")
			fields := fieldsOf(info.In)
			for _, f := range fields {
				if name, ok := strings.CutPrefix(f, "json "); ok {
					require.Contains(t, at(schema, "properties"), name)
					continue
				}
				require.True(t, known[f], f)
			}
			if len(fields) > 0 {
				required, _ := schema["required"].([]any)
				for _, name := range required {
					require.Contains(t, fields, "json "+name.(string))
				}
			}
		})
	}
}

// fieldsOf are the fields of an input by their tags, "query state".
func fieldsOf(in reflect.Type) (fields []string) {
	if in.Kind() != reflect.Struct {
		return nil
	}
	for i := range in.NumField() {
		for _, tag := range []string{"path", "query", "header", "json"} {
			if value, ok := in.Field(i).Tag.Lookup(tag); ok {
				name, _, _ := strings.Cut(value, ",")
				fields = append(fields, tag+" "+name)
			}
		}
	}
	return fields
}

// asDescribed asks for the media types that the description has. GitHub's own, which its
// documentation recommends, are the same JSON; Prism does not know that.
type asDescribed struct{ next http.RoundTripper }

func (a asDescribed) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	switch req.Header.Get("Accept") {
	case "application/vnd.github.object+json":
		req.Header.Set("Prefer", "example=response-if-content-is-a-file") // else it is a list
		fallthrough
	case "application/vnd.github+json":
		req.Header.Set("Accept", "application/json")
	}
	return a.next.RoundTrip(req)
}

// P1: Prism, which holds every request to the description, takes each of ours, with all
// that its input can hold; and what it makes up by the description is decoded.
func TestP1_RequestsUnderGitHubsDescription(t *testing.T) {
	d := describe(t)
	prism := servers.PrismOf(t, d.write(t))
	c, err := github.New(secret.Static("ghp_integration"), client.WithBaseURL(prism.URL), client.WithTransport(asDescribed{transport(t)}))
	require.NoError(t, err)
	for name, call := range everything(c.HTTP, prism.URL) {
		t.Run(name, func(t *testing.T) { require.NoError(t, call(t.Context())) })
	}
	t.Run("what the description forbids is refused", func(t *testing.T) {
		_, err := github.CreatePullRequest.Do(t.Context(), c.HTTP, github.CreatePullRequestInput{Owner: owner, Repo: repo, Title: "t"})
		require.NoError(t, err, "an empty text is one")
		_, err = client.Post[client.None](t.Context(), c.HTTP, "/repos/octocat/hello-world/pulls", map[string]any{"title": "t"})
		require.ErrorIs(t, err, client.ErrBadRequest)
	})
	for kind, hook := range hooks {
		t.Run("webhooks of "+kind, func(t *testing.T) {
			var first *github.Delivery
			for d, err := range github.Deliveries(t.Context(), c.HTTP, hook) {
				require.NoError(t, err)
				if first == nil {
					first = &d
				}
			}
			require.NotNil(t, first)
			require.NotEmpty(t, first.GUID)
			_, err := github.Redeliver(t.Context(), c.HTTP, hook, time.Time{})
			require.NoError(t, err)
		})
	}
}

// P1: every response that the description documents for our operations by an example is
// decoded, with what it says; every error has its message.
func TestP1_DocumentedResponsesAreDecoded(t *testing.T) {
	d := describe(t)
	decoded, errors := 0, 0
	for _, op := range github.Operations {
		info := op.Info()
		for status, response := range at(d.operation(op), "responses") {
			for media, content := range at(d.resolve(response.(object)), "content") {
				for name, raw := range d.examples(t, content.(object)) {
					where := fmt.Sprintf("%s %s %s %s", info.Name, status, media, name)
					if status >= "400" {
						var code int
						_, err := fmt.Sscan(status, &code)
						require.NoError(t, err)
						require.NotEmpty(t, github.Profile.DecodeError(code, nil, raw).Message, where)
						errors++
						continue
					}
					if info.Name == "repos.getContent" && raw[0] == '[' {
						continue // a folder as a list, for which GetContent does not ask
					}
					out := reflect.New(info.Out)
					require.NoError(t, json.Unmarshal(raw, out.Interface()), where)
					if info.Out != reflect.TypeFor[client.None]() {
						require.False(t, out.Elem().IsZero(), where)
						require.Empty(t, missing(out.Elem(), ""), where)
					}
					decoded++
				}
			}
		}
	}
	t.Log(decoded, "successes,", errors, "errors")
	require.GreaterOrEqual(t, decoded, 20)
}

// examples are those of a response, as JSON.
func (d *description) examples(t *testing.T, content object) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for name, example := range at(content, "examples") {
		value := d.resolve(example.(object))["value"]
		if inside, ok := value.(object); ok && inside["$ref"] != nil { // a reference in the wrong place
			value = d.resolve(inside)["value"]
		}
		raw, err := json.Marshal(value)
		require.NoError(t, err)
		found[name] = raw
	}
	return found
}

// missing names the fields that an object cannot be without and that are zero: what was
// to be read there is called something else.
func missing(v reflect.Value, path string) (names []string) {
	always := regexp.MustCompile(`^(ID|Number|Login|GUID|Token|SHA|CreatedAt|ExpiresAt|DeliveredAt|Title|FullName|UploadURL|Ref)$`)
	switch v.Kind() {
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Struct {
			for i := range v.Len() {
				names = append(names, missing(v.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
			}
		}
	case reflect.Struct:
		if v.IsZero() || v.Type() == reflect.TypeFor[time.Time]() {
			return nil // an object that may be null
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}
			if always.MatchString(f.Name) && v.Field(i).IsZero() {
				names = append(names, path+"."+f.Name)
			}
			names = append(names, missing(v.Field(i), path+"."+f.Name)...)
		}
	}
	return names
}
