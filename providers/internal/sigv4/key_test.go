package sigv4

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The key is that of "Examples of how to derive a signing key" in the AWS General
// Reference.
func TestKeyIsKeptForItsDayAndSecret(t *testing.T) {
	s := s3Signer()
	s.Service = "iam"
	first := s.keys.of(s, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830")
	require.Equal(t, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9", hex.EncodeToString(first.derived))
	require.Same(t, first, s.keys.of(s, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830"))
	next := s.keys.of(s, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150831")
	require.NotEqual(t, first.derived, next.derived)
	rotated := s.keys.of(s, "another", "20150831")
	require.NotEqual(t, next.derived, rotated.derived)
	require.Equal(t, first.derived, s.keys.of(s, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830").derived)
}

// C24: many sign at a time, with two secrets, around midnight, and no signature is
// another's.
func TestC24_ManySignAtATime(t *testing.T) {
	s := s3Signer()
	sign := func(s *Signer, i int) string {
		target := "https://bucket.example/" + strings.Repeat("k", i%50) + "?n=" + strconv.Itoa(i)
		req, err := http.NewRequest("GET", target, nil)
		require.NoError(t, err)
		req.Header.Set("X-Amz-Meta-N", strconv.Itoa(i))
		c := Credentials{ID: "ID", Secret: "secret" + strconv.Itoa(i%2)}
		require.NoError(t, s.Sign(req, c, EmptyPayload, exampleDay.Add(time.Duration(i%3-1)*time.Second)))
		return req.Header.Get("Authorization")
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				if got, want := sign(s, g*200+i), sign(s3Signer(), g*200+i); got != want {
					t.Errorf("%d: %s, not %s", i, got, want)
				}
			}
		})
	}
	wg.Wait()
}

// What was large is not kept, and what was long leaves nothing behind.
func TestScratchServesAgain(t *testing.T) {
	s := s3Signer()
	sign := func(s *Signer, n int) string {
		req, err := http.NewRequest("GET", "https://bucket.example/"+strings.Repeat("k", n)+"?q="+strings.Repeat("v", n), nil)
		require.NoError(t, err)
		req.Header.Set("X-Amz-Meta-N", strings.Repeat("m", n))
		require.NoError(t, s.Sign(req, exampleKey, EmptyPayload, exampleDay))
		return req.Header.Get("Authorization")
	}
	for _, n := range []int{10, 100_000, 1, 5000, 0} {
		require.Equal(t, sign(s3Signer(), n), sign(s, n))
	}
	large := &scratch{text: make([]byte, 0, maxKept+1)}
	s.end(large)
	for range 100 {
		require.NotSame(t, large, s.begin())
	}
}
