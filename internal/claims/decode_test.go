package claims_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/claims"
)

type inner struct {
	Role string `json:"rol"`
}

type promoted struct {
	Email string `json:"email"`
	Role  string `json:"role"`
}

type target struct {
	promoted
	Subject  string           `json:"sub"`
	Role     string           `json:"role"`
	Untagged string           // "Untagged"
	Kelvin   string           `json:"kelvin"`
	Org      inner            `json:"o"`
	Pointer  *inner           `json:"p"`
	List     []inner          `json:"l"`
	Map      map[string]inner `json:"m"`
	Any      any              `json:"any"`
	Raw      json.RawMessage  `json:"raw"`
	When     time.Time        `json:"when"`
	Skipped  string           `json:"-"`
	//lint:ignore U1000 encoding/json ignores it, and so must Decode
	hidden string
}

// J2: no name stands in for another that differs in case, at any depth.
func TestJ2_DecodeIsCaseSensitive(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	var got target
	s := parse(t, `{"SUB":"evil","Role":"evil","ROLE":"evil","EMAIL":"evil","untagged":"evil","\u212aelvin":"evil","Kelvin":"evil",
		"O":{"rol":"evil"},"o":{"Rol":"evil","x":1},"P":null,"p":{"ROL":"evil","rol":"ok"},"l":[{"rol":"ok"},{"Rol":"evil"},{}],
		"m":{"rol":{"rol":"ok"},"ROL":{"Rol":"evil"}},"any":{"Sub":1,"sub":2},"raw":{"Rol": 1},"when":"2026-01-02T03:04:05Z",
		"Skipped":"evil","hidden":"evil","we\"ird\u0001":1}`)
	require.NoError(t, d.Decode(s, &got))
	require.Equal(t, target{
		Pointer: &inner{Role: "ok"},
		List:    []inner{{Role: "ok"}, {}, {}},
		Map:     map[string]inner{"rol": {Role: "ok"}, "ROL": {}},
		Any:     map[string]any{"Sub": 1., "sub": 2.},
		Raw:     json.RawMessage(`{"Rol": 1}`),
		When:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}, got)

	got = target{}
	require.NoError(t, d.Decode(parse(t, `{"sub":"u","SUB":"evil","role":"r","email":"e","Untagged":"x","o":{"rol":"admin"}}`), &got))
	require.Equal(t, target{promoted: promoted{Email: "e"}, Subject: "u", Role: "r", Untagged: "x", Org: inner{Role: "admin"}}, got)

	var m map[string]any
	require.NoError(t, d.Decode(parse(t, `{"sub":"u","SUB":"v"}`), &m))
	require.Equal(t, map[string]any{"sub": "u", "SUB": "v"}, m)
	var pp **target
	require.NoError(t, d.Decode(parse(t, `{"SUB":"evil","sub":"u"}`), &pp))
	require.Equal(t, "u", (*pp).Subject)
}

type recursive struct {
	Name string       `json:"name"`
	Next *recursive   `json:"next"`
	All  []*recursive `json:"all"`
	//lint:ignore U1000 an embedded pointer to the type itself is the case
	*recursive
}

func TestDecodeRecursiveType(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	var got recursive
	require.NoError(t, d.Decode(parse(t, `{"name":"a","next":{"NAME":"evil","next":{"name":"c"}},"all":[{"Name":"evil"},null]}`), &got))
	require.Equal(t, "a", got.Name)
	require.Empty(t, got.Next.Name)
	require.Equal(t, "c", got.Next.Next.Name)
	require.Equal(t, []*recursive{{}, nil}, got.All)
}

func TestDecodeErrors(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	s := parse(t, `{"sub":1}`)
	require.Error(t, d.Decode(s, nil))
	require.Error(t, d.Decode(s, target{}))
	require.Error(t, d.Decode(s, (*target)(nil)))
	require.Error(t, d.Decode(claims.Set{}, &target{}))
	var wrongType *json.UnmarshalTypeError
	require.ErrorAs(t, d.Decode(s, &target{}), &wrongType)
}

func TestDecodeConcurrently(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 50 {
				var got target
				s, err := claims.Parse([]byte(`{"sub":"u","o":{"ROL":"evil","rol":"ok"}}`))
				if err == nil {
					err = d.Decode(s, &got)
				}
				if err != nil || got.Org.Role != "ok" {
					panic("decoded wrongly")
				}
			}
		})
	}
	wg.Wait()
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"sub":"u","o":{"rol":"a"},"l":[{"Rol":"b"}],"m":{"k":{"ROL":1}}}`))
	f.Add([]byte(`{"SUB":"u","O":null,"\u017fub":1,"p":[{}]}`))
	f.Add([]byte(`{"exp":1e9,"aud":["a"],"iss":"x"}`))
	var d claims.Decoder
	f.Fuzz(func(t *testing.T, payload []byte) {
		s, err := claims.Parse(payload)
		if err != nil {
			return
		}
		var got target
		if d.Decode(s, &got) != nil {
			return
		}
		if got.Subject != "" {
			want, err := s.String("sub")
			if err != nil || want != got.Subject {
				t.Fatalf("subject %q from %q", got.Subject, want)
			}
		}
		if got.Org.Role != "" {
			o, _, err := s.Object("o")
			if err != nil {
				t.Fatal(err)
			}
			if want, err := o.String("rol"); err != nil || want != got.Org.Role {
				t.Fatalf("role %q from %q", got.Org.Role, want)
			}
		}
		if got.Untagged != "" && !strings.Contains(string(payload), "ntagged") && !strings.Contains(string(payload), `\u`) {
			t.Fatal("a field from nowhere")
		}
	})
}
