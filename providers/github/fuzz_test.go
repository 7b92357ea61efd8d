package github_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/providers/github"
)

// Whatever a label is, it is read as encoding/json reads a plain struct of its fields, or
// refused as that is; the name alone is a label too.
func FuzzLabel(f *testing.F) {
	for _, seed := range []string{`{"name":"bug","color":"fff"}`, `"bug"`, `null`, `{"name":null}`, `{"name":7}`, `{"name":"a","name":"b\u00fc\n"}`, `[]`, `{"id":1,"x":{"name":"no"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var got github.Label
		err := json.Unmarshal(text, &got)
		if len(text) > 0 && json.Valid(text) && utf8.Valid(text) {
			var name string
			if json.Unmarshal(text, &name) == nil {
				require.NoError(t, err)
				require.Equal(t, name, got.Name)
				return
			}
			var members map[string]json.RawMessage
			if json.Unmarshal(text, &members) != nil {
				require.Error(t, err)
				return
			}
			for member, value := range map[string]string{"name": got.Name, "color": got.Color} {
				var want *string
				if json.Unmarshal(members[member], &want) == nil && want != nil && err == nil {
					require.Equal(t, *want, value)
				}
			}
			return
		}
		if !json.Valid(text) {
			require.Error(t, err)
		}
	})
}

// Whatever an error's body is, it is read without a panic, and a limit is told by it.
func FuzzErrorBody(f *testing.F) {
	for _, seed := range []string{
		limitSaid, secondarySaid, `{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"},"x",7,null]}`,
		`{"errors":[{"type":"RATE_LIMITED"}]}`, `{"message":7}`, `<html>`, ``,
	} {
		f.Add(200, []byte(seed))
		f.Add(403, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		h := map[string][]string{"X-Ratelimit-Resource": {"graphql"}}
		d := github.Profile.DecodeError(status, h, body)
		_ = github.Profile.Throttled(status, h, body)
		var said struct{ Message string }
		if status >= 300 && json.Unmarshal(body, &said) == nil && said.Message != "" {
			require.Contains(t, d.Message, said.Message)
		}
	})
}
