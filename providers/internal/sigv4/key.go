package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
	"sync/atomic"
)

// keys keeps the signing key that was derived last: region and service are the
// signer's, so that another is wanted with another day or another secret only. A
// pointer that no printer follows keeps it out of sight.
type keys struct {
	last atomic.Pointer[key]
}

// key is a derived signing key, as a MAC that is ready for a message.
type key struct {
	secret, day string
	derived     []byte
	macs        sync.Pool // of hash.Hash
}

func (k *keys) of(s *Signer, secret, day string) *key {
	if last := k.last.Load(); last != nil && last.day == day && last.secret == secret {
		return last
	}
	b := []byte("AWS4" + secret)
	for _, part := range [...]string{day, s.Region, s.Service, ending} {
		mac := hmac.New(sha256.New, b)
		mac.Write([]byte(part))
		b = mac.Sum(nil)
	}
	made := &key{secret: secret, day: day, derived: b}
	k.last.Store(made)
	return made
}

// sign appends the MAC of text to dst.
func (k *key) sign(dst, text []byte) []byte {
	mac, _ := k.macs.Get().(hash.Hash)
	if mac == nil {
		mac = hmac.New(sha256.New, k.derived)
	}
	mac.Reset()
	mac.Write(text)
	dst = mac.Sum(dst)
	k.macs.Put(mac)
	return dst
}
