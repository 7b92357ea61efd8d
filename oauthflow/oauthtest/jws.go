package oauthtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
)

// The signatures here are made and checked apart from the project's own, so
// that one holds the other to account.

var b64 = base64.RawURLEncoding.Strict()

func sign(key *ecdsa.PrivateKey, header, claims map[string]any) string {
	header["alg"] = "ES256"
	h, err1 := json.Marshal(header)
	c, err2 := json.Marshal(claims)
	if err := errors.Join(err1, err2); err != nil {
		panic(err) // maps of plain values always encode
	}
	input := b64.EncodeToString(h) + "." + b64.EncodeToString(c)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return input + "." + b64.EncodeToString(sig)
}

type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
}

func publicJWK(k *ecdsa.PublicKey) jwk {
	raw, err := k.Bytes() // 4 ‖ X ‖ Y
	if err != nil {
		panic(err) // a generated key is on its curve
	}
	return jwk{Kty: "EC", Crv: "P-256", X: b64.EncodeToString(raw[1:33]), Y: b64.EncodeToString(raw[33:])}
}

// key returns the public key and its RFC 7638 thumbprint.
func (j jwk) key() (crypto.PublicKey, string, error) {
	x, err1 := b64.DecodeString(j.X)
	y, err2 := b64.DecodeString(j.Y)
	n, err3 := b64.DecodeString(j.N)
	e, err4 := b64.DecodeString(j.E)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, "", err
	}
	switch {
	case j.Kty == "EC" && j.Crv == "P-256" && len(x) == 32 && len(y) == 32:
		k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		return k, thumbprint(`{"crv":"P-256","kty":"EC","x":"` + j.X + `","y":"` + j.Y + `"}`), err
	case j.Kty == "OKP" && j.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize:
		return ed25519.PublicKey(x), thumbprint(`{"crv":"Ed25519","kty":"OKP","x":"` + j.X + `"}`), nil
	case j.Kty == "RSA" && len(n) >= 256 && len(e) <= 4:
		k := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		return k, thumbprint(`{"e":"` + j.E + `","kty":"RSA","n":"` + j.N + `"}`), nil
	}
	return nil, "", errors.New("the key is of no known kind")
}

func thumbprint(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return b64.EncodeToString(sum[:])
}

var errJWS = errors.New("the signature does not verify")

// verifyJWS checks a compact JWS by the algorithm that belongs to the key.
func verifyJWS(token string, key crypto.PublicKey, typ string) (map[string]any, error) {
	header, claims, err := decodeJWS(token)
	if err != nil {
		return nil, err
	}
	if typ != "" && header["typ"] != typ {
		return nil, errors.New("the typ is not " + typ)
	}
	input, last, _ := cutLast(token)
	sig, err := b64.DecodeString(last)
	if err != nil {
		return nil, errJWS
	}
	sum := sha256.Sum256([]byte(input))
	ok := false
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		ok = header["alg"] == "ES256" && len(sig) == 64 &&
			ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	case *rsa.PublicKey:
		ok = header["alg"] == "RS256" && rsa.VerifyPKCS1v15(k, crypto.SHA256, sum[:], sig) == nil
	case ed25519.PublicKey:
		ok = (header["alg"] == "EdDSA" || header["alg"] == "Ed25519") && ed25519.Verify(k, []byte(input), sig)
	}
	if !ok {
		return nil, errJWS
	}
	return claims, nil
}

func cutLast(token string) (input, last string, ok bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return "", "", false
	}
	return token[:i], token[i+1:], true
}

func decodeJWS(token string) (header, claims map[string]any, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, nil, errors.New("not a compact JWS")
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := b64.DecodeString(parts[i])
		if err != nil {
			return nil, nil, errors.New("not a compact JWS")
		}
		if err := json.Unmarshal(text, into); err != nil {
			return nil, nil, errors.New("not a compact JWS")
		}
	}
	return header, claims, nil
}

func unverifiedIssuer(token string) string {
	_, claims, err := decodeJWS(token)
	if err != nil {
		return ""
	}
	iss, _ := claims["iss"].(string)
	return iss
}
