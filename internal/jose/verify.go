package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
)

// verify assumes that the key suits the algorithm.
func (k *Key) verify(a Algorithm, input, signature []byte) bool {
	info := a.info()
	switch info.family {
	case familyRSA:
		return rsa.VerifyPKCS1v15(k.public.(*rsa.PublicKey), info.hash, digest(info.hash, input), signature) == nil
	case familyPSS:
		// RFC 7518 section 3.5 fixes the salt to the size of the hash.
		opts := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return rsa.VerifyPSS(k.public.(*rsa.PublicKey), info.hash, digest(info.hash, input), signature, &opts) == nil
	case familyECDSA:
		public := k.public.(*ecdsa.PublicKey)
		size := (public.Curve.Params().BitSize + 7) / 8
		if len(signature) != 2*size {
			return false
		}
		var buf [maxDERSignature]byte
		der := derSignature(buf[:0], signature[:size], signature[size:])
		return ecdsa.VerifyASN1(public, digest(info.hash, input), der)
	case familyEd25519:
		return ed25519.Verify(k.public.(ed25519.PublicKey), input, signature)
	case familyHMAC:
		mac := hmac.New(info.hash.New, k.secret)
		mac.Write(input)
		return hmac.Equal(mac.Sum(nil), signature)
	}
	return false
}

func digest(h crypto.Hash, input []byte) []byte {
	switch h {
	case crypto.SHA256:
		sum := sha256.Sum256(input)
		return sum[:]
	case crypto.SHA384:
		sum := sha512.Sum384(input)
		return sum[:]
	default:
		sum := sha512.Sum512(input)
		return sum[:]
	}
}

// maxDERSignature is the size of the longest DER signature, that of P-521: a
// sequence header of three bytes and two integers of at most 66 bytes with
// headers of two.
const maxDERSignature = 3 + 2*(2+66+1)

// derSignature appends the DER form of an ECDSA signature to dst, which spares
// the detour over big.Int that the fixed-size form of RFC 7518 section 3.4 would
// otherwise take. A zero integer makes it no signature at all; one not below the
// order of the curve is refused by crypto/ecdsa.
func derSignature(dst, r, s []byte) []byte {
	r, s = trimZeros(r), trimZeros(s)
	if len(r) == 0 || len(s) == 0 {
		return nil
	}
	n := derIntegerSize(r) + derIntegerSize(s)
	dst = append(dst, 0x30)
	if n >= 0x80 {
		dst = append(dst, 0x81)
	}
	dst = append(dst, byte(n))
	dst = appendDERInteger(dst, r)
	return appendDERInteger(dst, s)
}

func trimZeros(b []byte) []byte {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

func derIntegerSize(b []byte) int { return 2 + len(b) + int(b[0]>>7) }

func appendDERInteger(dst, b []byte) []byte {
	dst = append(dst, 0x02, byte(derIntegerSize(b)-2))
	if b[0]&0x80 != 0 {
		dst = append(dst, 0)
	}
	return append(dst, b...)
}
