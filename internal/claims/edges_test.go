package claims_test

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/claims"
)

// J3: the edges of a time, in each form of a number.
func TestJ3_NumericDateEdges(t *testing.T) {
	t.Parallel()
	last := time.Unix(253402300799, 0)
	for text, want := range map[string]time.Time{"253402300799": last, "253402300799.0": last, "2.53402300799e11": last, "0": time.Unix(0, 0), "0.0": time.Unix(0, 0), "0e5": time.Unix(0, 0), "1": time.Unix(1, 0)} {
		got, err := parse(t, `{"exp":`+text+`}`).Time("exp")
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"253402300800", "253402300800.0", "2.534023008e11", "253402300799.1", "-0", "-1", "-0.0", `""`, `"1"`, "true", "false", "[1]", `{"a":1}`, "99999999999999999999"} {
		got, err := parse(t, `{"exp":`+text+`}`).Time("exp")
		require.ErrorIs(t, err, claims.ErrMalformed, text)
		require.ErrorContains(t, err, "is not a time in seconds")
		require.Zero(t, got)
	}
}

// J10: the shortcut for the usual form of "iss" and "aud" decides nothing by itself.
func TestJ10_ValuesThatLookLikeTheOneExpected(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want, value string // of a rule, and the JSON of the claim
		err         error
	}{
		{`a`, `"a"`, nil},
		{`a`, `"\u0061"`, nil},
		{`1`, `"1"`, nil},
		{`1`, `[1]`, claims.ErrMalformed},
		{`1`, `111`, claims.ErrMalformed},
		{`1`, `1`, claims.ErrMalformed},
		{`"a":1`, `{"a":1}`, claims.ErrMalformed},
		{`ru`, `true`, claims.ErrMalformed},
		{`a\n`, `"a\\n"`, nil},
		{`a\n`, `"a\n"`, claims.ErrIssuer},
		{`a\"b`, `"a\"b"`, claims.ErrIssuer},
		{`a`, `"ab"`, claims.ErrIssuer},
		{`a`, `"b"`, claims.ErrIssuer},
		{`a`, `""`, claims.ErrIssuer},
		{`a`, `"A"`, claims.ErrIssuer},
	} {
		set := parse(t, `{"iss":`+tt.value+`,"aud":`+tt.value+`,"sub":"u","exp":1900000000}`)
		require.ErrorIs(t, claims.Rules{Issuer: tt.want}.CheckIssuer(set), tt.err, "%+v", tt)
		if tt.err == nil {
			require.NoError(t, claims.Rules{Issuer: tt.want}.CheckIssuer(set))
		}
		for _, audience := range [][]string{{tt.want}, {tt.want, "other"}, {"other", tt.want}} {
			set := parse(t, `{"iss":"i","aud":`+tt.value+`,"sub":"u","exp":1900000000}`)
			_, err := claims.Rules{Issuer: "i", Audience: audience}.Check(set, now)
			switch tt.err {
			case nil:
				require.NoError(t, err, "%+v", tt)
			case claims.ErrIssuer:
				require.ErrorIs(t, err, claims.ErrAudience, "%+v", tt)
			default:
				require.ErrorIs(t, err, claims.ErrMalformed, "%+v", tt)
			}
		}
	}
	// A kind of token without an audience may have one all the same.
	for _, value := range []string{`"a"`, `["a","b"]`, `[]`, `null`} {
		_, err := claims.Rules{Issuer: "i"}.Check(parse(t, `{"iss":"i","aud":`+value+`,"sub":"u","exp":1900000000}`), now)
		require.NoError(t, err, value)
	}
}

// What is wrong is said by the name of the claim.
func TestRulesNameTheClaim(t *testing.T) {
	t.Parallel()
	rules := claims.Rules{Issuer: "i", Audience: []string{"a"}, RequireIssuedAt: true}
	for text, want := range map[string]string{
		`"x":1`:                         `"iss" is missing`,
		`"iss":1`:                       `"iss" is not a string`,
		`"iss":"x"`:                     claims.ErrIssuer.Error(),
		`"iss":"i"`:                     claims.ErrAudience.Error() + ": none",
		`"iss":"i","aud":"b"`:           claims.ErrAudience.Error(),
		`"iss":"i","aud":1`:             `"aud" is not`,
		`"iss":"i","aud":"a"`:           `"sub" is missing or empty`,
		`"iss":"i","aud":"a","sub":1`:   `"sub" is not a string`,
		`"iss":"i","aud":"a","sub":"u"`: `"exp" is missing`,
		`"iss":"i","aud":"a","sub":"u","exp":"x"`:                                 `"exp" is not a time`,
		`"iss":"i","aud":"a","sub":"u","exp":1,"nbf":"x"`:                         `"nbf" is not a time`,
		`"iss":"i","aud":"a","sub":"u","exp":1,"iat":"x"`:                         `"iat" is not a time`,
		`"iss":"i","aud":"a","sub":"u","exp":1`:                                   `"iat" is missing`,
		`"iss":"i","aud":"a","sub":"u","exp":1,"iat":1`:                           claims.ErrExpired.Error(),
		`"iss":"i","aud":"a","sub":"u","exp":1900000000,"iat":1,"nbf":1900000000`: `"nbf"`,
		`"iss":"i","aud":"a","sub":"u","exp":1900000000,"iat":1900000000`:         `"iat"`,
	} {
		got, err := rules.Check(parse(t, `{`+text+`}`), now)
		require.ErrorContains(t, err, want, text)
		require.Zero(t, got)
	}
}

// The edges of the leeways, and of what has passed.
func TestPassed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ leeway, most time.Duration }{{0, claims.DefaultLeeway}, {-1, 0}, {-time.Hour, 0}, {time.Second, time.Second}, {2 * time.Minute, 2 * time.Minute}} {
		r := claims.Rules{Leeway: tt.leeway}
		require.True(t, r.Passed(time.Time{}, now))
		require.True(t, r.Passed(now.Add(-time.Hour), now))
		require.True(t, r.Passed(now.Add(tt.most), now), tt.leeway)
		require.False(t, r.Passed(now.Add(tt.most+1), now), tt.leeway)
	}
	for _, tt := range []struct{ leeway, after time.Duration }{{0, 0}, {-time.Hour, 0}, {time.Second, time.Second}, {time.Minute, time.Minute}} {
		rules := claims.Rules{Issuer: "i", ExpiryLeeway: tt.leeway}
		set := parse(t, `{"iss":"i","sub":"u","exp":1900000000}`)
		_, err := rules.Check(set, time.Unix(1900000000, -1).Add(tt.after))
		require.NoError(t, err)
		_, err = rules.Check(set, time.Unix(1900000000, 0).Add(tt.after))
		require.ErrorIs(t, err, claims.ErrExpired)
	}
}

type textKey string

func (k *textKey) UnmarshalText(text []byte) error { *k = textKey("read " + string(text)); return nil }

// shapes are structs whose fields compete for names in all the ways that
// encoding/json has a rule for.
type (
	shapeX       struct{ X string }
	shapeTaggedX struct {
		Y string `json:"X"`
	}
	shapeOtherX  struct{ X string }
	shapeLeft    struct{ shapeX }
	shapeRight   struct{ shapeX }
	shapeText    string
	ShapeText    string
	ShapePointer struct{ P, Q string }
)

func TestDecodeCompetingFields(t *testing.T) {
	t.Parallel()
	const text = `{"X":"x","Y":"y","-":"dash","shapeX":{"X":"inner"},"named":{"X":"inner"},"shapeText":"t","ShapeText":"T","P":"p","Q":"q","a,b":"ab","Z":"z"}`
	for _, target := range []any{
		&struct {
			shapeX
			shapeTaggedX
		}{},
		&struct {
			shapeTaggedX
			shapeX
		}{},
		&struct {
			shapeX
			shapeOtherX
		}{},
		&struct {
			shapeLeft
			shapeRight
		}{},
		&struct {
			shapeLeft
			shapeX
		}{},
		&struct {
			shapeX
			X int `json:"-"`
		}{},
		&struct {
			//lint:ignore SA5008 that "-," is the name "-" is what is tested
			X string `json:"-,"`
		}{},
		&struct {
			shapeX `json:"named"`
			Z      string `json:",omitempty"`
		}{},
		&struct {
			shapeText
			ShapeText
			Z string
		}{},
		&struct{ *ShapePointer }{},
		&struct {
			*ShapePointer `json:"named"`
			shapeText     `json:"Z"`
		}{},
		&struct{ *ShapePointer }{&ShapePointer{P: "kept"}},
		&struct {
			A [2]any
			B []any
			X any
		}{A: [2]any{1, 2}, B: []any{1}},
		&struct{ X, y string }{},
		&shapeLeft{},
		&map[string]any{},
		&map[string]string{},
		&map[string]json.RawMessage{},
	} {
		name := reflect.TypeOf(target).String()
		want := reflect.New(reflect.TypeOf(target).Elem())
		want.Elem().Set(reflect.ValueOf(target).Elem())
		input := text
		if strings.HasPrefix(name, "*map[string]string") {
			input = `{"a":"b","":"c"}`
		}
		wantErr := json.Unmarshal([]byte(input), want.Interface())
		var d claims.Decoder
		err := d.Decode(parse(t, input), target)
		require.Equal(t, wantErr == nil, err == nil, "%s: %v, encoding/json: %v", name, err, wantErr)
		require.Equal(t, want.Interface(), target, name)
	}
}

// Types that read themselves do so, whichever of the two methods they have; keys of
// maps that do are refused.
func TestDecodeTypesThatReadThemselves(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	var got struct {
		Address  netip.Addr   `json:"address"`
		Pointer  *netip.Addr  `json:"pointer"`
		Key      textKey      `json:"key"`
		List     []netip.Addr `json:"list"`
		Skipped  map[textKey]string
		Digits   json.Number `json:"digits"`
		DigitsIn struct {
			N *json.Number `json:"n"`
		} `json:"in"`
	}
	require.NoError(t, d.Decode(parse(t, `{"address":"192.0.2.1","pointer":"192.0.2.2","key":"k","list":["192.0.2.3"],"digits":1.50,"in":{"n":2.0}}`), &got))
	require.Equal(t, "192.0.2.1", got.Address.String())
	require.Equal(t, "192.0.2.2", got.Pointer.String())
	require.Equal(t, textKey("read k"), got.Key)
	require.Equal(t, "192.0.2.3", got.List[0].String())
	require.Equal(t, json.Number("1.50"), got.Digits)
	require.Equal(t, json.Number("2.0"), *got.DigitsIn.N)
	require.Error(t, d.Decode(parse(t, `{"Skipped":{"a":"b"}}`), &got))
	require.Error(t, d.Decode(parse(t, `{"a":"b"}`), &map[textKey]any{}))
	require.Error(t, d.Decode(parse(t, `{"1":"b"}`), &map[int]any{}))
}

// J2: what a target held before stays where encoding/json keeps it, but no member of
// a map and no element of a slice does.
func TestJ2_DecodeIntoUsedTargets(t *testing.T) {
	t.Parallel()
	type target struct {
		Pointer *struct{ A, B string }
		Any     map[string]any
		Strings map[string]string
		Anys    []any
		List    []string
		Array   [3]string
	}
	kept := &struct{ A, B string }{"old", "old"}
	elsewhere := "old"
	got := target{kept, map[string]any{"old": 1}, map[string]string{"old": "1"}, []any{&elsewhere, 2}, []string{"old", "old"}, [3]string{"old", "old", "old"}}
	var d claims.Decoder
	require.NoError(t, d.Decode(parse(t, `{"Pointer":{"A":"new"},"Any":{"new":"x"},"Strings":{"new":"x"},"Anys":["x"],"List":["x"],"Array":["x"]}`), &got))
	require.Same(t, kept, got.Pointer)
	require.Equal(t, target{
		&struct{ A, B string }{"new", "old"}, map[string]any{"new": "x"}, map[string]string{"new": "x"}, []any{"x"}, []string{"x"}, [3]string{"x"},
	}, got)
	require.Equal(t, "old", elsewhere)

	claimsOfOne := map[string]any{}
	require.NoError(t, d.Decode(parse(t, `{"admin":true}`), &claimsOfOne))
	require.NoError(t, d.Decode(parse(t, `{"sub":"u"}`), &claimsOfOne))
	require.Equal(t, map[string]any{"sub": "u"}, claimsOfOne)

	var v any = (*inner)(nil)
	require.NoError(t, d.Decode(parse(t, `{"a":1}`), &v))
	require.Equal(t, map[string]any{"a": 1.}, v)
}

// The error says what there was and what was wanted, at which member.
func TestDecodeMismatches(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	values := map[string]string{`"x"`: "string", `{"a":{}}`: "object", `[[]]`: "array", `true`: "bool", `false`: "bool", `1.5`: "number", `-1`: "number"}
	for value, kind := range values {
		for name, target := range map[string]any{
			"string": new(struct{ M string }), "object": new(struct{ M inner }), "object ": new(struct{ M map[string]inner }), "array": new(struct{ M [][]bool }),
			"array ": new(struct{ M [1][]bool }), "bool": new(struct{ M bool }), "number": new(struct{ M uint8 }), "number ": new(struct{ M int8 }),
			"nothing": new(struct{ M map[int]int }),
		} {
			err := d.Decode(parse(t, `{"M":`+value+`}`), target)
			if strings.TrimSpace(name) == kind && (kind != "number" || value == "-1" && name == "number ") {
				require.NoError(t, err, "%s into %T", value, target)
				continue
			}
			var typed *json.UnmarshalTypeError
			require.ErrorAs(t, err, &typed, "%s into %T", value, target)
			require.Equal(t, kind, typed.Value)
			require.ErrorContains(t, err, `decode claims: "M": `)
		}
	}
	for _, target := range []any{new(struct{ M []bool }), new(struct{ M [1]bool }), new(struct{ M [2]bool })} {
		require.Error(t, d.Decode(parse(t, `{"M":["x"]}`), target), "%T", target)
	}
}

// A value in a string is JSON itself, of a type that may be in one.
func TestDecodeQuoted(t *testing.T) {
	t.Parallel()
	type target struct {
		I int     `json:"i,string"`
		F float64 `json:"f,omitempty,string"`
		B *bool   `json:"b,string"`
		//lint:ignore SA5008 what encoding/json passes over is what is tested
		List []int `json:"list,string"`
		//lint:ignore SA5008 the same
		Odd int `json:"odd,strings"`
	}
	var d claims.Decoder
	var got target
	require.NoError(t, d.Decode(parse(t, `{"i":"1","f":"-2.5e1","b":"true","list":[1],"odd":2}`), &got))
	yes := true
	require.Equal(t, target{1, -25, &yes, []int{1}, 2}, got)
	require.NoError(t, d.Decode(parse(t, `{"i":null,"f":null,"b":null}`), &got))
	require.Equal(t, target{1, -25, nil, []int{1}, 2}, got)
	for _, text := range []string{`{"i":1}`, `{"i":""}`, `{"i":"x"}`, `{"i":"1 2"}`, `{"i":"01"}`, `{"i":true}`, `{"i":["1"]}`, `{"f":"NaN"}`, `{"f":"Inf"}`, `{"f":"0x1p2"}`, `{"f":"1_0"}`, `{"f":"+1"}`, `{"b":"TRUE"}`, `{"b":true}`, `{"odd":"2"}`, `{"list":"[1]"}`} {
		require.Error(t, d.Decode(parse(t, text), &got), text)
	}
}

// Accessors of claims of other types, with escapes and without.
func TestAccessorEdges(t *testing.T) {
	t.Parallel()
	s := parse(t, ` {"plain":"a b","escaped":"a\u0020b","first":"\nx","empty":"","one":["a\n"],"object":{ "in" : { "s" : "x" } }} `)
	for name, want := range map[string]string{"plain": "a b", "escaped": "a b", "first": "\nx", "empty": ""} {
		got, err := s.String(name)
		require.NoError(t, err)
		require.Equal(t, want, got)
		list, err := s.StringOrStrings(name)
		require.NoError(t, err)
		require.Equal(t, []string{want}, list)
	}
	list, err := s.StringOrStrings("one")
	require.NoError(t, err)
	require.Equal(t, []string{"a\n"}, list)
	object, ok, err := s.Object("object")
	require.NoError(t, err)
	require.True(t, ok)
	in, ok, err := object.Object("in")
	require.NoError(t, err)
	require.True(t, ok)
	text, err := in.String("s")
	require.NoError(t, err)
	require.Equal(t, "x", text)
	require.Equal(t, `{ "s" : "x" }`, string(in.JSON()))
	for _, name := range []string{"plain", "one"} {
		_, err = s.Bool(name)
		require.ErrorContains(t, err, `"`+name+`" is not a boolean`)
		_, ok, err = s.Object(name)
		require.ErrorContains(t, err, "is not an object")
		require.False(t, ok)
	}
	for _, name := range []string{"plain", "object"} {
		_, err = s.Strings(name)
		require.ErrorContains(t, err, "is not an array of strings")
	}
	_, err = s.String("one")
	require.ErrorContains(t, err, `"one" is not a string`)
	require.Zero(t, claims.Set{}.Len())
}
