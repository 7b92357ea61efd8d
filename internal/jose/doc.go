// Package jose verifies and makes compact JSON Web Signatures (RFC 7515) and
// reads the keys that they need (RFC 7517, RFC 8037), on the cryptography of
// the standard library.
//
// Verification is in two steps. [Parse] is a gate in front of all cryptography:
// at most [MaxTokenBytes], exactly three segments, canonical base64url without
// padding, a header that package strictjson accepts, no "crit", "b64" or "zip".
// Then [Token.Verify] checks the signature with one [Key] under a list of
// algorithms that the caller names, and only then hands out the payload:
//
//	token, err := jose.Parse(raw)
//	key, err := set.Find(token.Header)
//	payload, err := token.Verify(key, jose.RS256, jose.ES256)
//
// The caller's list is the only thing that admits an algorithm: "none" is never
// one, and HS256, HS384 and HS512 verify only when named and only with a key
// from [NewSecretKey], so that public key bytes can never act as a secret. A
// key's own "alg", "use" and "key_ops" bind as well. The header parameters
// "jwk", "jku", "x5u" and "x5c" are never used and never fetched; "kid" is an
// index into a [Set] and nothing else.
//
// A [Set] comes from a JWK set ([ParseSet]), from the map of key IDs to
// certificates that Firebase publishes ([ParseCertificates]), or from single
// keys ([NewSet]). A key in a set that this package does not know or must not
// use is left out; it does not void the set. RSA keys under 2048 bits, and RSA
// keys with the ROCA fingerprint, are refused everywhere.
//
// A [Signer] makes tokens from a private key: [ParsePrivateKeyPEM] or
// [ParsePrivateJWK] reads one, [Signer.Sign] makes the token from claims and
// further header fields, and [Signer.PublicKey] gives the [Key] to publish,
// with its JWK form (it implements json.Marshaler) and RFC 7638 thumbprint.
//
// A payload is bytes here. Package claims reads it as a JWT claims set and
// knows the rules for the registered claims.
//
// Everything is immutable once made and safe for concurrent use. Errors hold
// neither key material nor any part of a token.
package jose
