package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// count is how many random bodies each pair sees.
const count = 1000

// kind says which bodies a scheme can carry.
type kind int

const (
	anyBytes kind = iota // anything at all, not even UTF-8
	text                 // UTF-8, for libraries that take strings
	object               // a JSON object
	array                // a JSON array, as SendGrid sends
	form                 // form parameters, no name twice

)

// bodies calls f with random bodies of the kind, the same ones on every run:
// among them CR LF at the ends and in between, multi-byte text, the empty body
// where the kind has one, and three of 1 MiB.
func bodies(t *testing.T, k kind, f func(i int, body []byte)) {
	t.Helper()
	h := fnv.New64a()
	fmt.Fprint(h, t.Name())
	r := rand.New(rand.NewPCG(h.Sum64(), uint64(k)))
	for i := range count {
		f(i, body(r, k, i))
	}
}

func body(r *rand.Rand, k kind, i int) []byte {
	size := r.IntN(2000)
	switch {
	case i%100 == 0:
		size = 0
	case i%400 == 1:
		size = 1 << 20
	}
	var b []byte
	switch k {
	case anyBytes:
		b = randomBytes(r, size)
		if i%2 == 0 {
			b = []byte(randomText(r, size))
		}
	case text:
		b = []byte(randomText(r, size))
	case object, array:
		value := any(map[string]string{"id": fmt.Sprint("evt_", i), "text": randomText(r, size)})
		if k == array {
			value = []any{value}
		}
		b = mustJSON(value)
	case form:
		values := url.Values{}
		for n := range r.IntN(8) {
			values.Set(fmt.Sprint("Name", n, randomText(r, 3)), randomText(r, size/8))
		}
		return []byte(values.Encode())
	}
	if i%3 == 0 && len(b) > 0 {
		b = append(b, "\r\n"...)
	}
	return b
}

func mustJSON(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func randomBytes(r *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// randomText returns about size bytes of UTF-8 with line ends, escapes and
// characters of one to four bytes.
func randomText(r *rand.Rand, size int) string {
	alphabet := []string{"a", "Z", "7", " ", "\r\n", "\n", "\t", `"`, `\`, "\\u001b", "&", "=", "+", "%0A", "é", "Ω", "♥", "\u2028", "𝔘", "🔑", "漢", "\u0000"}
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

// changed returns the body with one byte different, or one byte longer.
func changed(b []byte) []byte {
	c := slices.Clone(b)
	if len(c) == 0 {
		return []byte("x")
	}
	c[len(c)/2] ^= 1
	return c
}

func TestBodiesAreWhatTheyPromise(t *testing.T) {
	t.Parallel()
	for k := anyBytes; k <= form; k++ {
		var empty, large, crlf, multiByte, binary int
		bodies(t, k, func(_ int, b []byte) {
			if len(b) == 0 {
				empty++
			}
			if len(b) >= 1<<20 {
				large++
			}
			if bytes.HasSuffix(b, []byte("\r\n")) {
				crlf++
			}
			if utf8.Valid(b) && utf8.RuneCount(b) < len(b) {
				multiByte++
			}
			if !utf8.Valid(b) {
				binary++
			}
		})
		require.Equal(t, k == anyBytes, binary > 0)
		require.Equal(t, k != object && k != array, empty >= 5)
		if k != form {
			require.Equal(t, 3, large)
			require.Greater(t, crlf, 300)
			require.Greater(t, multiByte, 400)
		}
	}
}
