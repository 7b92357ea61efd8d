package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
)

const canary = `CANARY/s3cr"et+<&>=?`

// forms are the canary and what encodings make of it.
func forms(t *testing.T) []string {
	t.Helper()
	quoted, err := json.Marshal(canary)
	require.NoError(t, err)
	std := base64.StdEncoding.EncodeToString([]byte(canary))
	return []string{
		canary, "CANARY", "s3cr",
		url.QueryEscape(canary), url.PathEscape(canary),
		strings.Trim(string(quoted), `"`), strings.Trim(fmt.Sprintf("%q", canary), `"`),
		std, strings.TrimRight(std, "="), base64.URLEncoding.EncodeToString([]byte(canary)),
		fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary),
		fmt.Sprint([]byte(canary)), strings.Trim(fmt.Sprint([]byte(canary)), "[]"), strings.Trim(fmt.Sprintf("%#v", []byte(canary)), "[]byte{}"),
	}
}

func requireHidden(t *testing.T, out string, msg ...any) {
	t.Helper()
	for _, form := range forms(t) {
		require.NotContains(t, out, form, msg...)
	}
}

type holder struct {
	Exported secret.Value
	hidden   secret.Value
	pointer  *secret.Value
	slice    []secret.Value
	byKey    map[string]secret.Value
	any      any
	src      secret.Source
}

type outer struct {
	inner holder
	ptr   *holder
}

// X1: under every verb, also as an unexported field, where fmt cannot call methods.
func TestX1_NoVerbPrintsASecret(t *testing.T) {
	t.Setenv("SECRET_TEST_VALUE", canary)
	v := secret.New(canary)
	env := secret.Env("SECRET_TEST_VALUE")
	_, err := env.Secrets(t.Context()) // which keeps what it read
	require.NoError(t, err)
	h := holder{v, v, &v, []secret.Value{v}, map[string]secret.Value{"k": v}, v, secret.Static(canary)}
	things := map[string]any{
		"value": v, "pointer": &v, "slice": []secret.Value{v}, "map": map[string]secret.Value{"k": v},
		"struct": h, "struct pointer": &h, "outer": outer{h, &h}, "outer pointer": &outer{h, &h},
		"static": secret.Static(canary), "env": env, "join": secret.Join(secret.Static(canary), env), "cache": secret.Cache(secret.Static(canary), 1),
	}
	for name, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%e", "%c", "%U", "%p", "%10.3v", "%T", "%w"} {
			requireHidden(t, fmt.Sprintf(verb, thing), "%s under %s", name, verb)
		}
		requireHidden(t, fmt.Sprint(thing)+fmt.Sprintln(thing), name)
	}
	require.Equal(t, "[redacted]", fmt.Sprintf("%v", v))
	require.Equal(t, "[redacted]", fmt.Sprintf("%#v", v))
	require.Equal(t, "[redacted]", v.String())
	require.Equal(t, "[redacted]", v.GoString())
}

// X1
func TestX1_NoEncodingPrintsASecret(t *testing.T) {
	t.Parallel()
	v := secret.New(canary)
	h := holder{Exported: v, hidden: v, pointer: &v}
	out, err := json.Marshal(map[string]any{"v": v, "p": &v, "h": h, "l": []secret.Value{v}})
	require.NoError(t, err)
	requireHidden(t, string(out))
	require.Contains(t, string(out), `"v":"[redacted]"`)

	out, err = xml.Marshal(struct {
		XMLName struct{}     `xml:"x"`
		V       secret.Value `xml:"v"`
		A       secret.Value `xml:"a,attr"`
	}{V: v, A: v})
	require.NoError(t, err)
	requireHidden(t, string(out))
}

// X1
func TestX1_NoLogPrintsASecret(t *testing.T) {
	t.Parallel()
	v := secret.New(canary)
	var buf bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
		log := slog.New(handler).With("with", v)
		log.Info("msg", "v", v, "p", &v, "any", holder{Exported: v, hidden: v}, "list", []secret.Value{v}, slog.Group("g", "v", v))
	}
	require.Contains(t, buf.String(), "[redacted]")
	requireHidden(t, buf.String())
}

// X1
func TestX1_NoErrorOrPanicPrintsASecret(t *testing.T) {
	t.Parallel()
	v := secret.New(canary)
	err := fmt.Errorf("call %v %s: %w", v, v, &url.Error{Op: "Get", URL: "https://example.com/" + v.String(), Err: errors.New(fmt.Sprint(holder{hidden: v}))})
	requireHidden(t, err.Error())
	func() {
		defer func() { requireHidden(t, fmt.Sprintf("%v %#v", recover(), v)) }()
		panic(holder{hidden: v})
	}()
}

func TestValue(t *testing.T) {
	t.Parallel()
	require.Equal(t, canary, secret.New(canary).Reveal())
	var zero secret.Value
	require.Empty(t, zero.Reveal())
	require.Equal(t, secret.Redacted, fmt.Sprint(zero))
	for s, blank := range map[string]bool{"": true, " \t\r\n\v\f\u00a0\u2003": true, "x": false, " x ": false} {
		require.Equal(t, blank, secret.New(s).IsBlank(), "%q", s)
	}
	require.True(t, zero.IsBlank())
	require.True(t, secret.New("a").Equal(secret.New("a")))
	require.True(t, zero.Equal(secret.New("")))
	require.False(t, secret.New("a").Equal(secret.New("b")))
	require.False(t, secret.New("a").Equal(secret.New("ab")))
}

func TestValueInConfiguration(t *testing.T) {
	t.Parallel()
	var cfg struct{ Key secret.Value }
	require.NoError(t, json.Unmarshal([]byte(`{"Key":"sk_live_1"}`), &cfg))
	require.Equal(t, "sk_live_1", cfg.Key.Reveal())

	printed, err := json.Marshal(cfg)
	require.NoError(t, err)
	err = json.Unmarshal(printed, &cfg)
	require.Error(t, err, "a configuration that was printed and read back is refused")
	require.Equal(t, "sk_live_1", cfg.Key.Reveal())
}
