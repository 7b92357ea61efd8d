package claims_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/claims"
)

var now = time.Unix(1_800_000_000, 0)

func parse(t testing.TB, text string) claims.Set {
	t.Helper()
	s, err := claims.Parse([]byte(text))
	require.NoError(t, err)
	return s
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	s := parse(t, `{"s":"x","n":1.5,"b":true,"f":false,"l":["a","b"],"e":[],"o":{"id":"y"},"z":null,"t":1700000000,"t2":1700000000.25,"t3":17e8}`)
	require.Equal(t, 11, s.Len())
	require.True(t, s.Has("s"))
	require.False(t, s.Has("z"))
	require.False(t, s.Has("S"))
	require.True(t, s.Mentions("z"))
	require.False(t, s.Mentions("S"))
	require.Nil(t, s.Raw("z"))
	require.Nil(t, s.Raw("missing"))

	text, err := s.String("s")
	require.NoError(t, err)
	require.Equal(t, "x", text)
	b, err := s.Bool("b")
	require.NoError(t, err)
	require.True(t, b)
	b, err = s.Bool("f")
	require.NoError(t, err)
	require.False(t, b)
	list, err := s.Strings("l")
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, list)
	list, err = s.Strings("e")
	require.NoError(t, err)
	require.Empty(t, list)
	list, err = s.StringOrStrings("s")
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, list)
	o, ok, err := s.Object("o")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, `"y"`, string(o.Raw("id")))
	for name, want := range map[string]time.Time{"t": time.Unix(1_700_000_000, 0), "t2": time.Unix(1_700_000_000, 250_000_000), "t3": time.Unix(1_700_000_000, 0)} {
		got, err := s.Time(name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}

	// J4: absent and null are the zero value, every other type is an error.
	for _, name := range []string{"missing", "z", "n"} {
		wrong := name == "n"
		check := func(err error) {
			if wrong {
				require.ErrorIs(t, err, claims.ErrMalformed)
				require.Contains(t, err.Error(), `"`+name+`"`)
			} else {
				require.NoError(t, err)
			}
		}
		text, err := s.String(name)
		check(err)
		require.Empty(t, text)
		b, err := s.Bool(name)
		check(err)
		require.False(t, b)
		list, err := s.Strings(name)
		check(err)
		require.Nil(t, list)
		list, err = s.StringOrStrings(name)
		check(err)
		require.Nil(t, list)
		_, ok, err = s.Object(name)
		check(err)
		require.False(t, ok)
	}
	at, err := s.Time("z")
	require.NoError(t, err)
	require.Zero(t, at)
	_, err = parse(t, `{"l":["a",null]}`).Strings("l")
	require.ErrorIs(t, err, claims.ErrMalformed)
	inner, ok, err := parse(t, `{"o":{"id":null}}`).Object("o")
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, inner.Has("id"))
	require.True(t, inner.Mentions("id"))
	_, err = parse(t, `{"l":["a",1]}`).Strings("l")
	require.ErrorIs(t, err, claims.ErrMalformed)
}

// J3
func TestJ3_NumericDate(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`"1700000000"`, `true`, `[]`, `{}`, `-1`, `-0`, `-0.5`, `1e300`, `253402300800`, `253402300799.5`,
		`9223372036854775807`, `9223372036854775808`, `18446744073709551616`, `1700000000000`,
	} {
		_, err := parse(t, `{"exp":`+bad+`}`).Time("exp")
		require.ErrorIs(t, err, claims.ErrMalformed, bad)
	}
	for good, want := range map[string]time.Time{
		`0`:            time.Unix(0, 0),
		`0.5`:          time.Unix(0, 5e8),
		`253402300799`: time.Unix(253402300799, 0),
		`1.7E+9`:       time.Unix(1_700_000_000, 0),
	} {
		got, err := parse(t, `{"exp":`+good+`}`).Time("exp")
		require.NoError(t, err, good)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{`NaN`, `1e400`} {
		_, err := claims.Parse([]byte(`{"exp":` + bad + `}`))
		require.ErrorIs(t, err, claims.ErrMalformed)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	const iss = "https://issuer.example/"
	rules := claims.Rules{Issuer: iss, Audience: []string{"api", "other"}}
	require.NoError(t, rules.Validate())
	base := map[string]any{"iss": iss, "aud": "api", "sub": "u1", "exp": now.Unix() + 60, "iat": now.Unix(), "nbf": now.Unix()}
	with := func(changes map[string]any) string {
		m := map[string]any{}
		for k, v := range base {
			m[k] = v
		}
		for k, v := range changes {
			if v == "absent" {
				delete(m, k)
			} else {
				m[k] = v
			}
		}
		data, err := json.Marshal(m)
		require.NoError(t, err)
		return string(data)
	}
	got, err := rules.Check(parse(t, with(nil)), now)
	require.NoError(t, err)
	require.Equal(t, claims.Registered{Issuer: iss, Subject: "u1", Expiry: now.Add(time.Minute), NotBefore: now, IssuedAt: now}, got)

	type change = map[string]any
	tests := []struct {
		name   string
		change change
		want   error
	}{
		{"array audience", change{"aud": []string{"x", "other"}}, nil},
		{"escaped issuer", change{"iss": json.RawMessage(`"https:\/\/issuer.example\/"`)}, nil},
		{"no iat, no nbf", change{"iat": "absent", "nbf": "absent"}, nil},
		{"iat inside leeway", change{"iat": now.Unix() + 30}, nil},
		{"nbf inside leeway", change{"nbf": now.Unix() + 30}, nil},
		{"exp fraction", change{"exp": float64(now.Unix()) + 0.5}, nil},

		{"exp missing", change{"exp": "absent"}, claims.ErrMalformed},
		{"exp null", change{"exp": nil}, claims.ErrMalformed},
		{"exp string", change{"exp": "1900000000"}, claims.ErrMalformed},
		{"exp now", change{"exp": now.Unix()}, claims.ErrExpired},
		{"exp passed", change{"exp": now.Unix() - 1}, claims.ErrExpired},
		{"exp zero", change{"exp": 0}, claims.ErrExpired},
		{"iat in the future", change{"iat": now.Unix() + 31}, claims.ErrNotYetValid},
		{"nbf in the future", change{"nbf": now.Unix() + 31}, claims.ErrNotYetValid},
		{"J4 iat null", change{"iat": nil}, nil},
		{"J4 nbf null", change{"nbf": nil}, nil},
		{"nbf negative", change{"nbf": -1}, claims.ErrMalformed},
		{"iss missing", change{"iss": "absent"}, claims.ErrMalformed},
		{"iss null", change{"iss": nil}, claims.ErrMalformed},
		{"iss array", change{"iss": []string{iss}}, claims.ErrMalformed},
		{"iss without slash", change{"iss": strings.TrimSuffix(iss, "/")}, claims.ErrIssuer},
		{"iss case", change{"iss": "https://Issuer.example/"}, claims.ErrIssuer},
		{"iss empty", change{"iss": ""}, claims.ErrIssuer},
		{"aud missing", change{"aud": "absent"}, claims.ErrAudience},
		{"aud other", change{"aud": "api2"}, claims.ErrAudience},
		{"aud empty list", change{"aud": []string{}}, claims.ErrAudience},
		{"aud case", change{"aud": "API"}, claims.ErrAudience},
		{"J4 aud null", change{"aud": nil}, claims.ErrAudience},
		{"aud mixed", change{"aud": []any{"api", 1}}, claims.ErrMalformed},
		{"aud object", change{"aud": change{"api": true}}, claims.ErrMalformed},
		{"sub missing", change{"sub": "absent"}, claims.ErrMalformed},
		{"sub empty", change{"sub": ""}, claims.ErrMalformed},
		{"sub null", change{"sub": nil}, claims.ErrMalformed},
		{"sub number", change{"sub": 1}, claims.ErrMalformed},
		{"SUB", change{"sub": "absent", "SUB": "u1"}, claims.ErrMalformed},
		{"Iss", change{"iss": "absent", "Iss": iss}, claims.ErrMalformed},
		{"EXP", change{"exp": "absent", "EXP": now.Unix() + 60}, claims.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := rules.Check(parse(t, with(tt.change)), now)
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, tt.want)
			require.Zero(t, got) // J10: unusable on any error
		})
	}

	strict := rules
	strict.Leeway, strict.ExpiryLeeway, strict.RequireIssuedAt, strict.OptionalSubject = -1, time.Second, true, true
	_, err = strict.Check(parse(t, with(change{"nbf": now.Unix() + 1})), now)
	require.ErrorIs(t, err, claims.ErrNotYetValid)
	_, err = strict.Check(parse(t, with(change{"exp": now.Unix()})), now)
	require.NoError(t, err)
	_, err = strict.Check(parse(t, with(change{"exp": now.Unix() - 1})), now)
	require.ErrorIs(t, err, claims.ErrExpired)
	_, err = strict.Check(parse(t, with(change{"iat": "absent"})), now)
	require.ErrorIs(t, err, claims.ErrMalformed)
	_, err = strict.Check(parse(t, with(change{"sub": "absent"})), now)
	require.NoError(t, err)
	_, err = strict.Check(parse(t, with(change{"iat": nil})), now)
	require.ErrorIs(t, err, claims.ErrMalformed)
	_, err = strict.Check(parse(t, with(change{"sub": nil})), now)
	require.NoError(t, err)
	_, err = strict.Check(parse(t, with(change{"sub": ""})), now)
	require.ErrorIs(t, err, claims.ErrMalformed)

	unbound := claims.Rules{Issuer: iss}
	_, err = unbound.Check(parse(t, with(change{"aud": "absent"})), now)
	require.NoError(t, err)
	_, err = unbound.Check(parse(t, with(change{"aud": 1})), now)
	require.ErrorIs(t, err, claims.ErrMalformed)
	_, err = (claims.Rules{}).Check(parse(t, with(change{"iss": ""})), now)
	require.ErrorIs(t, err, claims.ErrIssuer)
}

// J11
func TestJ11_TenantTemplate(t *testing.T) {
	t.Parallel()
	rules := claims.Rules{Issuer: "https://login.example/{tenantid}/v2.0", Tenants: []string{"t-1", "t-2"}}
	require.NoError(t, rules.Validate())
	token := func(iss, tid string) claims.Set {
		return parse(t, fmt.Sprintf(`{"iss":%q,%s"sub":"u","exp":%d}`, iss, tid, now.Unix()+60))
	}
	got, err := rules.Check(token("https://login.example/t-2/v2.0", `"tid":"t-2",`), now)
	require.NoError(t, err)
	require.Equal(t, "https://login.example/t-2/v2.0", got.Issuer)
	for name, s := range map[string]claims.Set{
		"other tenant":      token("https://login.example/t-3/v2.0", `"tid":"t-3",`),
		"tid of another":    token("https://login.example/t-2/v2.0", `"tid":"t-1",`),
		"no tid":            token("https://login.example/t-1/v2.0", ``),
		"literal":           token("https://login.example/{tenantid}/v2.0", `"tid":"{tenantid}",`),
		"literal, real tid": token("https://login.example/{tenantid}/v2.0", `"tid":"t-1",`),
		"other host":        token("https://evil.example/t-1/v2.0", `"tid":"t-1",`),
	} {
		_, err := rules.Check(s, now)
		require.ErrorIs(t, err, claims.ErrIssuer, name)
	}
	_, err = rules.Check(token("https://login.example/t-1/v2.0", `"tid":1,`), now)
	require.ErrorIs(t, err, claims.ErrMalformed)
}

func TestRulesValidate(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]claims.Rules{
		"zero":           {},
		"no tenants":     {Issuer: "https://a/{tenantid}"},
		"no placeholder": {Issuer: "https://a/", Tenants: []string{"x"}},
		"empty tenant":   {Issuer: "https://a/{tenantid}", Tenants: []string{""}},
		"empty audience": {Issuer: "https://a/", Audience: []string{""}},
		"leeway":         {Issuer: "https://a/", Leeway: 6 * time.Minute},
		"expiry leeway":  {Issuer: "https://a/", ExpiryLeeway: time.Hour},
	} {
		require.Error(t, r.Validate(), name)
	}
}

// J2
func TestJ2_ParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, `null`, `[]`, `"x"`, `{"sub":"a","sub":"b"}`, `{"sub":"a","\u0073ub":"b"}`, `{"o":{"rol":"a","rol":"b"}}`,
		`{"l":[{"a":1,"a":1}]}`, "\xef\xbb\xbf{}", `{} {}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}",
	} {
		_, err := claims.Parse([]byte(text))
		require.ErrorIs(t, err, claims.ErrMalformed, text)
	}
}
