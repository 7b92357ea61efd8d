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

type hiddenBase struct {
	Role string `json:"role"`
}

// As with encoding/json, null empties what can be nil and leaves the rest as it was,
// and an embedded pointer that cannot be set is an error.
func TestDecodeIntoWhatIsThere(t *testing.T) {
	t.Parallel()
	type target struct {
		Pointer *inner            `json:"pointer"`
		Map     map[string]string `json:"map"`
		List    []string          `json:"list"`
		Struct  inner             `json:"struct"`
		Array   [2]string         `json:"array"`
		Text    string            `json:"text"`
		Number  int               `json:"number"`
		Yes     bool              `json:"yes"`
	}
	full := func() target {
		return target{&inner{Role: "a"}, map[string]string{"a": "b"}, []string{"a"}, inner{Role: "a"}, [2]string{"a", "b"}, "a", 1, true}
	}
	const nulls = `{"pointer":null,"map":null,"list":null,"struct":null,"array":null,"text":null,"number":null,"yes":null}`
	want, got := full(), full()
	require.NoError(t, json.Unmarshal([]byte(nulls), &want))
	var d claims.Decoder
	require.NoError(t, d.Decode(parse(t, nulls), &got))
	require.Equal(t, want, got)
	require.Equal(t, target{Struct: inner{Role: "a"}, Array: [2]string{"a", "b"}, Text: "a", Number: 1, Yes: true}, got)

	type outer struct {
		*hiddenBase
		Own string `json:"own"`
	}
	var o outer
	require.Error(t, d.Decode(parse(t, `{"role":"x","own":"y"}`), &o))
	o = outer{hiddenBase: new(hiddenBase)}
	require.NoError(t, d.Decode(parse(t, `{"role":"x","own":"y"}`), &o))
	require.Equal(t, "x", o.Role)
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

// sameAsJSON are types on which Decode must agree with encoding/json wherever no
// name differs in case.
type sameAsJSON struct {
	String   string             `json:"s"`
	Number   json.Number        `json:"n"`
	Bool     bool               `json:"b"`
	Int      int                `json:"i"`
	Int8     int8               `json:"i8"`
	Uint16   uint16             `json:"u16"`
	Float    float64            `json:"f"`
	Float32  float32            `json:"f32"`
	Bytes    []byte             `json:"bytes"`
	Ints     []int              `json:"ints"`
	Pair     [2]int64           `json:"pair"`
	Pointers []*string          `json:"pointers"`
	Map      map[string]float64 `json:"map"`
	Nested   map[string]map[string][]inner
	Any      any            `json:"any"`
	Anys     []any          `json:"anys"`
	AnyMap   map[string]any `json:"anymap"`
	Time     *time.Time     `json:"time"`
	Quoted   int            `json:"quoted,string"`
	QuotedS  *string        `json:"quoteds,string"`
	Empty    struct{}       `json:"empty"`
	Pointer  **inner        `json:"pp"`
	level1
	*Level2
	Named level1 `json:"named"`
}

type level1 struct {
	A      string `json:"a"`
	Shared string `json:"shared"`
	S      string `json:"s"`
	level3
}

type Level2 struct {
	B      string `json:"b2"`
	Shared string `json:"shared"`
	Clash  int
}

type level3 struct {
	C     string `json:"c"`
	Clash string `json:"Clash"`
}

// agree requires the same value from Decode and encoding/json, and no value from
// Decode where encoding/json refuses.
func agree(t testing.TB, d *claims.Decoder, text string) {
	t.Helper()
	s, err := claims.Parse([]byte(text))
	if err != nil {
		return
	}
	var got, want sameAsJSON
	wantErr := json.Unmarshal([]byte(text), &want)
	gotErr := d.Decode(s, &got)
	require.Equal(t, wantErr == nil, gotErr == nil, "%s: %v, encoding/json: %v", text, gotErr, wantErr)
	if wantErr == nil {
		require.Equal(t, want, got, text)
	}
}

func TestDecodeAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	for _, member := range []string{
		`"s":"x"`, `"s":"\u00e9\n"`, `"s":1`, `"s":null`, `"s":{}`, `"n":1.50`, `"n":"1"`, `"n":"x"`, `"n":null`, `"b":true`, `"b":false`, `"b":"true"`, `"b":null`, `"b":1`,
		`"i":1`, `"i":-1`, `"i":1.0`, `"i":1e3`, `"i":9223372036854775808`, `"i":null`, `"i":"1"`, `"i8":127`, `"i8":128`, `"u16":65535`, `"u16":65536`, `"u16":-1`,
		`"f":1`, `"f":-1.5e10`, `"f":"1"`, `"f32":1e39`, `"f32":1.5`, `"bytes":"aGk="`, `"bytes":"!"`, `"bytes":[104,105]`, `"bytes":null`,
		`"ints":[1,2]`, `"ints":[]`, `"ints":null`, `"ints":[null]`, `"ints":{}`, `"ints":["x"]`, `"pair":[1]`, `"pair":[1,2,3]`, `"pair":null`, `"pair":"x"`,
		`"pointers":["a",null,"b"]`, `"map":{"a":1,"A":2}`, `"map":{"a":null}`, `"map":{}`, `"map":null`, `"map":[]`, `"map":{"a":"x"}`,
		`"Nested":{"a":{"b":[{"rol":"r"}]},"c":null,"d":{"e":null}}`, `"any":{"a":[1,"x",null,true]}`, `"any":null`, `"any":"x"`, `"anys":[1,{"a":2}]`, `"anymap":{"a":{"b":1}}`,
		`"time":"2026-01-02T03:04:05Z"`, `"time":1`, `"time":null`, `"quoted":"12"`, `"quoted":12`, `"quoted":"x"`, `"quoted":""`, `"quoted":null`, `"quoteds":"\"x\""`, `"quoteds":"x"`, `"quoteds":null`,
		`"empty":{}`, `"empty":{"x":1}`, `"empty":[]`, `"pp":{"rol":"r"}`, `"pp":null`, `"a":"1"`, `"b2":"2"`, `"c":"3"`, `"shared":"nobody"`, `"Clash":1`, `"Clash":"x"`,
		`"named":{"a":"1","shared":"2","s":"3","c":"4"}`, `"level1":{}`, `"unknown":[1,2,{"x":[]}]`,
	} {
		agree(t, &d, `{`+member+`}`)
		agree(t, &d, " \r\n{ "+member+" }\t")
		agree(t, &d, `{"i":7,`+strings.Replace(member, `"i":`, `"i2":`, 1)+`,"c":"end"}`)
	}
}

func TestDecodeRefusesMapsWithOtherKeys(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	var got struct {
		M map[int]inner `json:"m"`
	}
	require.Error(t, d.Decode(parse(t, `{"m":{"1":{"Rol":"evil"}}}`), &got))
}

func TestJ2_DecodeIntoAnInterfaceThatHoldsAPointer(t *testing.T) {
	t.Parallel()
	var d claims.Decoder
	got := &inner{}
	var v any = got
	require.NoError(t, d.Decode(parse(t, `{"Rol":"evil"}`), &v))
	require.Empty(t, got.Role)
	require.NoError(t, d.Decode(parse(t, `{"rol":"ok"}`), &v))
	require.Equal(t, "ok", got.Role)
}

func FuzzDecodeAgreesWithEncodingJSON(f *testing.F) {
	f.Add([]byte(`{"s":"x","i":1,"ints":[1,2],"map":{"a":1},"Nested":{"a":{"b":[{"rol":"r"}]}},"any":[null],"quoted":"1"}`))
	f.Add([]byte(`{"a":"1","b2":"2","c":"3","named":{"a":"x"},"pp":{"rol":"r"},"pair":[1,2,3],"f32":1.5,"bytes":"aGk="}`))
	var d claims.Decoder
	lower := []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	f.Fuzz(func(t *testing.T, payload []byte) {
		// Names that differ in case are where the two must not agree.
		for _, c := range payload {
			if c >= 0x80 || c == '\\' {
				return
			}
		}
		if strings.ContainsAny(strings.NewReplacer("Nested", "", "Clash", "", "T", "", "Z", "").Replace(string(payload)), string(lower)) || strings.Contains(string(payload), "nested") || strings.Contains(string(payload), "clash") {
			return
		}
		if strings.Contains(string(payload), "quoted") {
			return // encoding/json is laxer inside such strings: it takes "007"
		}
		agree(t, &d, string(payload))
	})
}

// A numeric ID keeps its digits where it is asked for, and is a float64 as
// encoding/json has it where it is not.
func TestDecodeKeepsDigits(t *testing.T) {
	t.Parallel()
	set := parse(t, `{"id":90071992547409931,"o":{"l":[1,90071992547409931]},"n":90071992547409931}`)
	type target struct {
		ID any            `json:"id"`
		O  map[string]any `json:"o"`
		N  int64          `json:"n"`
	}
	var exact, rounded target
	require.NoError(t, (&claims.Decoder{KeepDigits: true}).Decode(set, &exact))
	require.Equal(t, target{json.Number("90071992547409931"), map[string]any{"l": []any{json.Number("1"), json.Number("90071992547409931")}}, 90071992547409931}, exact)
	require.NoError(t, (&claims.Decoder{}).Decode(set, &rounded))
	require.Equal(t, target{90071992547409931.0, map[string]any{"l": []any{1.0, 90071992547409931.0}}, 90071992547409931}, rounded)
	var whole map[string]any
	require.NoError(t, (&claims.Decoder{KeepDigits: true}).Decode(set, &whole))
	require.Equal(t, json.Number("90071992547409931"), whole["n"])
}
