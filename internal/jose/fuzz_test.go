package jose_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// Whatever the gate lets through is canonical: encoding the parts again gives the
// same token.
func FuzzParse(f *testing.F) {
	f.Add("eyJhbGciOiJSUzI1NiIsImtpZCI6ImsifQ.e30.AA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJFZERTQSJ9.e31.AA\n")
	f.Add("..")
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := jose.Parse(raw)
		if _, payload, unsecured := jose.ParseUnsecured(raw); unsecured == nil {
			if err == nil {
				t.Fatal("signed and unsecured at once")
			}
			if payload == nil && !strings.Contains(raw, "..") {
				t.Fatal("payload lost")
			}
		}
		if err != nil {
			return
		}
		parts := strings.Split(raw, ".")
		if len(parts) != 3 || len(raw) > jose.MaxTokenBytes {
			t.Fatalf("%d segments in %d bytes", len(parts), len(raw))
		}
		for _, p := range parts {
			data, err := base64.RawURLEncoding.DecodeString(p)
			if err != nil || base64.RawURLEncoding.EncodeToString(data) != p {
				t.Fatal("not canonical")
			}
		}
		header, _ := base64.RawURLEncoding.DecodeString(parts[0])
		var h map[string]any
		if err := json.Unmarshal(header, &h); err != nil {
			t.Fatalf("header: %v", err)
		}
		for _, name := range []string{"crit", "b64", "zip"} {
			if _, ok := h[name]; ok {
				t.Fatalf("%s passed", name)
			}
		}
		if alg := h["alg"]; alg != string(token.Header.Algorithm) && alg != "Ed25519" {
			t.Fatalf("algorithm %v read as %v", alg, token.Header.Algorithm)
		}
		if kid, _ := h["kid"].(string); kid != token.Header.KeyID {
			t.Fatal("kid")
		}
		for _, k := range []*jose.Key{signerFor(t, jose.ES256, "").PublicKey(), signerFor(t, jose.EdDSA, "").PublicKey(), signerFor(t, jose.HS256, "").PublicKey()} {
			if _, err := token.Verify(k, append(jose.Asymmetric(), jose.HS256)...); err == nil {
				t.Fatal("a signature from nowhere verifies")
			}
		}
	})
}

// A key that is read can be published and read again.
func FuzzParseKey(f *testing.F) {
	for _, a := range []jose.Algorithm{jose.RS256, jose.ES256, jose.ES512, jose.EdDSA} {
		f.Add([]byte(publicJWK(f, a, "id")))
	}
	f.Add([]byte(`{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if signer, err := jose.ParsePrivateJWK(data); err == nil {
			raw, err := signer.Sign(nil, []byte("x"))
			if err != nil {
				t.Fatal(err)
			}
			token, err := jose.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := token.Verify(signer.PublicKey(), signer.Algorithm()); err != nil {
				t.Fatal(err)
			}
		}
		key, err := jose.ParseKey(data)
		if err != nil || key.Public() == nil {
			return
		}
		out, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		again, err := jose.ParseKey(out)
		if err != nil {
			t.Fatal(err)
		}
		if again.ID() != key.ID() || again.Algorithm() != key.Algorithm() {
			t.Fatal("changed")
		}
	})
}

func FuzzParseSet(f *testing.F) {
	f.Add([]byte(`{"keys":[` + publicJWK(f, jose.RS256, "a") + `,` + publicJWK(f, jose.EdDSA, "b") + `,{"kty":"PQ"}]}`))
	f.Add([]byte(`{"keys":[null,1,"x",[],{}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := jose.ParseSet(data)
		if err != nil {
			return
		}
		for _, k := range set.Keys() {
			if k.Public() == nil {
				t.Fatal("a secret in a public set")
			}
			for _, a := range jose.Asymmetric() {
				if found, err := set.Find(jose.Header{Algorithm: a, KeyID: k.ID()}); err == nil && !found.Suits(a) {
					t.Fatal("found a key that does not suit")
				}
			}
		}
		if _, err := json.Marshal(set); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParseCertificates(f *testing.F) {
	f.Add([]byte(`{"a":"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}`))
	data, err := json.Marshal(map[string]string{"k": certificate(f, testKeys()["256"])})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := jose.ParseCertificates(data)
		if err != nil {
			return
		}
		for _, k := range set.Keys() {
			if k.ID() == "" || k.Public() == nil {
				t.Fatal("a key without ID or public key")
			}
		}
	})
}

func FuzzParsePrivateKeyPEM(f *testing.F) {
	f.Add(pkcs8(testKeys()["256"]))
	f.Add(strings.ReplaceAll(pkcs8(testKeys()["Ed"]), "\n", `\n`))
	f.Add("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := jose.ParsePublicKeyPEM(text, "", ""); err != nil && strings.Contains(err.Error(), "AAAA") {
			t.Fatal("the error quotes the input")
		}
		key, err := jose.ParsePrivateKeyPEM(text)
		if err != nil {
			return
		}
		if _, err := jose.NewSigner(key, "", ""); err != nil {
			t.Fatal(err)
		}
	})
}
