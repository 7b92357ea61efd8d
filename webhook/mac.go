package webhook

import (
	"crypto/hmac"
	"hash"
	"sync"
)

// macKey is a symmetric key with a pool of keyed states, so that neither the key
// schedule nor any buffer is paid for at each delivery.
type macKey struct {
	pool sync.Pool
	size int
}

type macState struct {
	h   hash.Hash
	sum [maxSignature]byte
	buf []byte
}

func newMACKey(hash func() hash.Hash, key []byte) *macKey {
	k := &macKey{size: hash().Size()}
	k.pool.New = func() any { return &macState{h: hmac.New(hash, key)} }
	return k
}

// sign computes the MAC of the template filled with m and body. The result is in
// the state, which the caller returns with release.
func (k *macKey) sign(t *template, m *metadata, body []byte) (*macState, []byte) {
	s := k.pool.Get().(*macState)
	s.h.Reset()
	if len(t.before) > 0 {
		s.buf = appendPieces(s.buf[:0], t.before, m)
		s.h.Write(s.buf)
	}
	s.h.Write(body)
	if len(t.after) > 0 {
		s.buf = appendPieces(s.buf[:0], t.after, m)
		s.h.Write(s.buf)
	}
	return s, s.h.Sum(s.sum[:0])
}

func (k *macKey) release(s *macState) { k.pool.Put(s) }

// matches reports whether one of the candidates is the MAC, and whether any was
// well formed.
func (k *macKey) matches(t *template, m *metadata, body []byte, c *candidates, enc Encoding) (match, wellFormed bool) {
	s, sum := k.sign(t, m, body)
	defer k.release(s)
	var sig [maxSignature]byte
	for _, text := range c.text[:c.n] {
		if !enc.decode(&sig, text, k.size) {
			continue
		}
		wellFormed = true
		if hmac.Equal(sig[:k.size], sum) {
			match = true
		}
	}
	return match, wellFormed
}
