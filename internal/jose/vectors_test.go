package jose_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
)

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", path))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, v))
}

// keyOf reads a JWK, private or public, as the key that verifies.
func keyOf(data []byte) (*jose.Key, error) {
	if s, err := jose.ParsePrivateJWK(data); err == nil {
		return s.PublicKey(), nil
	}
	return jose.ParseKey(data)
}

func isSecret(data []byte) bool { return strings.Contains(string(data), `"oct"`) }

// allowedFor is the list that a caller names who expects such a key.
func allowedFor(key []byte) []jose.Algorithm {
	if isSecret(key) {
		return []jose.Algorithm{jose.HS256, jose.HS384, jose.HS512}
	}
	return jose.Asymmetric()
}

func verifyWith(raw string, keys ...json.RawMessage) error {
	token, err := jose.Parse(raw)
	if err != nil {
		return err
	}
	parsed := make([]*jose.Key, len(keys))
	for i, k := range keys {
		if parsed[i], err = keyOf(k); err != nil {
			return err
		}
	}
	set, err := jose.NewSet(parsed...)
	if err != nil {
		return err
	}
	key, err := set.Find(token.Header)
	if err != nil {
		return err
	}
	_, err = token.Verify(key, allowedFor(keys[0])...)
	return err
}

type wycheproofGroup struct {
	Comment      string          `json:"comment"`
	Public       json.RawMessage `json:"public"`
	Private      json.RawMessage `json:"private"`
	PublicKeyJWK json.RawMessage `json:"publicKeyJwk"`
	KeyJWK       json.RawMessage `json:"keyJwk"`
	PublicKeyDER string          `json:"publicKeyDer"`
	Tests        []struct {
		ID      int             `json:"tcId"`
		Comment string          `json:"comment"`
		JWS     json.RawMessage `json:"jws"`
		JWE     json.RawMessage `json:"jwe"`
		Msg     string          `json:"msg"`
		Sig     string          `json:"sig"`
		Result  string          `json:"result"`
	} `json:"tests"`
}

// skippedSignatures are cases of json_web_signature_test.json whose verdict is
// not the one that this package must reach.
var skippedSignatures = map[int]string{
	346: "the key says PS256, the signature is PS384", 350: "the key says PS256, the signature is PS384",
	347: "the key says ES521, which is no algorithm", 351: "the key says ES521, which is no algorithm",
	367: "byte-identical to a valid case, but marked invalid", 370: "byte-identical to a valid case, but marked invalid",
	372: "a question mark inside base64url, but marked valid", 373: "a question mark inside base64url, but marked valid",
}

func TestVectorsWycheproofJWS(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"json_web_signature_test.json", "json_web_key_test.json", "json_web_crypto_test.json"} {
		var suite struct {
			Groups []wycheproofGroup `json:"testGroups"`
		}
		readJSON(t, "wycheproof/"+file, &suite)
		ran := 0
		for _, g := range suite.Groups {
			key := g.Public
			if key == nil {
				key = g.Private
			}
			keys := []json.RawMessage{key}
			var set struct {
				Keys []json.RawMessage `json:"keys"`
			}
			if json.Unmarshal(key, &set) == nil && set.Keys != nil {
				keys = set.Keys
			}
			for _, c := range g.Tests {
				if c.JWE != nil {
					continue // encryption is not in scope
				}
				ran++
				t.Run(fmt.Sprintf("%s/%d %s", strings.TrimSuffix(file, "_test.json"), c.ID, c.Comment), func(t *testing.T) {
					t.Parallel()
					if why, skip := skippedSignatures[c.ID]; skip && file == "json_web_signature_test.json" {
						t.Skip(why)
					}
					var raw string
					if json.Unmarshal(c.JWS, &raw) != nil {
						raw = string(c.JWS) // the JSON serialization, or nothing
					}
					err := verifyWith(raw, keys...)
					if c.Result == "valid" {
						require.NoError(t, err)
					} else {
						require.Error(t, err)
					}
				})
			}
		}
		require.NotZero(t, ran)
	}
}

func TestVectorsWycheproofSignatures(t *testing.T) {
	t.Parallel()
	for file, algorithm := range map[string]jose.Algorithm{
		"ecdsa_secp256r1_sha256_p1363_test.json": jose.ES256,
		"ecdsa_secp384r1_sha384_p1363_test.json": jose.ES384,
		"ecdsa_secp521r1_sha512_p1363_test.json": jose.ES512,
		"ed25519_test.json":                      jose.EdDSA,
		"rsa_signature_2048_sha256_test.json":    jose.RS256,
		"rsa_pss_2048_sha256_mgf1_32_test.json":  jose.PS256,
	} {
		var suite struct {
			Count  int               `json:"numberOfTests"`
			Groups []wycheproofGroup `json:"testGroups"`
		}
		readJSON(t, "wycheproof/"+file, &suite)
		ran := 0
		for n, g := range suite.Groups {
			key := wycheproofKey(t, g)
			for _, c := range g.Tests {
				ran++
				t.Run(fmt.Sprintf("%s/%d/%d %s", strings.TrimSuffix(file, "_test.json"), n, c.ID, c.Comment), func(t *testing.T) {
					t.Parallel()
					message, err := hex.DecodeString(c.Msg)
					require.NoError(t, err)
					signature, err := hex.DecodeString(c.Sig)
					require.NoError(t, err)
					switch got := jose.VerifyRaw(key, algorithm, message, signature); c.Result {
					case "valid":
						require.True(t, got)
					case "acceptable":
						require.False(t, got, "legacy encodings are not accepted")
					default:
						require.False(t, got)
					}
				})
			}
		}
		require.Equal(t, suite.Count, ran, file)
	}
}

func wycheproofKey(t *testing.T, g wycheproofGroup) *jose.Key {
	t.Helper()
	for _, data := range []json.RawMessage{g.PublicKeyJWK, g.KeyJWK} {
		if data != nil {
			if key, err := jose.ParseKey(data); err == nil {
				return key
			}
		}
	}
	der, err := hex.DecodeString(g.PublicKeyDER)
	require.NoError(t, err)
	public, err := x509.ParsePKIXPublicKey(der)
	require.NoError(t, err)
	key, err := jose.NewKey("", "", public)
	require.NoError(t, err)
	return key
}

type keyed struct {
	Algorithm string          `json:"alg"`
	Key       json.RawMessage `json:"key"`
	Compact   string          `json:"compact"`
}

func TestVectorsRFC(t *testing.T) {
	t.Parallel()
	var all struct {
		RFC7515 map[string]json.RawMessage `json:"rfc7515"`
		RFC7517 map[string]json.RawMessage `json:"rfc7517"`
		RFC7519 map[string]json.RawMessage `json:"rfc7519"`
		RFC7638 struct {
			JWK    json.RawMessage `json:"jwk"`
			SHA256 string          `json:"sha256"`
		} `json:"rfc7638"`
		RFC7797 struct {
			Key      json.RawMessage `json:"key"`
			Payload  string          `json:"payload"`
			Encoded  string          `json:"4.1_b64_true"`
			Detached string          `json:"4.2_b64_false_detached"`
		} `json:"rfc7797"`
		RFC8037 struct {
			JWS struct {
				Key     json.RawMessage `json:"key"`
				Payload string          `json:"payload"`
				Compact string          `json:"compact"`
			} `json:"A.4_Ed25519_JWS"`
			Thumbprint string `json:"A.3_thumbprint"`
		} `json:"rfc8037"`
		RFC9449 struct {
			Fig2        string          `json:"fig2_token_proof"`
			Fig13       string          `json:"fig13_resource_proof"`
			JKT         string          `json:"fig9_jkt"`
			JWK         json.RawMessage `json:"jwk"`
			AccessToken string          `json:"access_token"`
			ATH         string          `json:"ath"`
		} `json:"rfc9449"`
	}
	readJSON(t, "rfc_vectors.json", &all)

	for name, data := range all.RFC7515 {
		t.Run("RFC7515/"+name, func(t *testing.T) {
			t.Parallel()
			var c keyed
			switch {
			case strings.HasPrefix(name, "E_negative"):
				var raw string
				require.NoError(t, json.Unmarshal(data, &raw))
				_, err := jose.Parse(raw)
				require.Error(t, err)
			case strings.HasPrefix(name, "A.6"):
				_, err := jose.Parse(string(data)) // only the compact serialization is one
				require.ErrorIs(t, err, jose.ErrMalformed)
			case strings.Contains(name, "MUST_REJECT"):
				require.NoError(t, json.Unmarshal(data, &c))
				_, err := jose.Parse(c.Compact)
				require.Error(t, err)
			default:
				require.NoError(t, json.Unmarshal(data, &c))
				c.Key = withAlg(t, c.Key, json.RawMessage(strconv.Quote(c.Algorithm)))
				require.NoError(t, verifyWith(c.Compact, c.Key))
				if !isSecret(c.Key) {
					resign(t, c.Key, c.Algorithm, c.Compact)
				}
			}
		})
	}

	t.Run("RFC7517", func(t *testing.T) {
		t.Parallel()
		var published struct {
			Thumbprints []string `json:"thumbprints"`
		}
		require.NoError(t, json.Unmarshal(all.RFC7517["A.1_public_keys"], &published))
		set, err := jose.ParseSet(all.RFC7517["A.1_public_keys"])
		require.NoError(t, err)
		require.Len(t, set.Keys(), 1, "the first key is for encryption")
		require.Len(t, set.LeftOut(), 1)
		require.Equal(t, "2011-04-29", set.Keys()[0].ID())
		got, err := set.Keys()[0].Thumbprint()
		require.NoError(t, err)
		require.Equal(t, published.Thumbprints[1], got)

		for _, name := range []string{"A.2_private_keys", "A.3_symmetric_keys"} {
			set, err := jose.ParseSet(all.RFC7517[name])
			require.NoError(t, err)
			require.Empty(t, set.Keys(), "private and secret keys are not for publication")
			require.Len(t, set.LeftOut(), 2)
		}
		key, err := jose.ParseKey(all.RFC7517["B_x5c"])
		require.NoError(t, err)
		require.Equal(t, "1b94c", key.ID())
		_, err = jose.ParsePrivateJWK(all.RFC7517["C.1_rsa_private"])
		require.ErrorIs(t, err, jose.ErrKey, "it is for encryption")
	})
	t.Run("RFC7519", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"A.1_jwe", "A.2_nested"} {
			var raw string
			require.NoError(t, json.Unmarshal(all.RFC7519[name], &raw))
			_, err := jose.Parse(raw)
			require.ErrorIs(t, err, jose.ErrMalformed, "an encrypted token is none of ours")
		}
	})
	t.Run("RFC7638", func(t *testing.T) {
		t.Parallel()
		key, err := jose.ParseKey(all.RFC7638.JWK)
		require.NoError(t, err)
		got, err := key.Thumbprint()
		require.NoError(t, err)
		require.Equal(t, all.RFC7638.SHA256, got)
	})
	t.Run("RFC7797", func(t *testing.T) {
		t.Parallel()
		var withAlgorithm map[string]any
		require.NoError(t, json.Unmarshal(all.RFC7797.Key, &withAlgorithm))
		withAlgorithm["alg"] = "HS256"
		key, err := json.Marshal(withAlgorithm)
		require.NoError(t, err)
		require.NoError(t, verifyWith(all.RFC7797.Encoded, key))
		require.ErrorIs(t, verifyWith(all.RFC7797.Detached, key), jose.ErrMalformed)
		attached := strings.Replace(all.RFC7797.Detached, "..", "."+base64.RawURLEncoding.EncodeToString([]byte(all.RFC7797.Payload))+".", 1)
		require.ErrorIs(t, verifyWith(attached, key), jose.ErrMalformed)
	})
	t.Run("RFC8037", func(t *testing.T) {
		t.Parallel()
		c := all.RFC8037
		require.NoError(t, verifyWith(c.JWS.Compact, c.JWS.Key))
		signer, err := jose.ParsePrivateJWK(c.JWS.Key)
		require.NoError(t, err)
		raw, err := signer.Sign(nil, []byte(c.JWS.Payload))
		require.NoError(t, err)
		require.Equal(t, c.JWS.Compact, raw)
		got, err := signer.PublicKey().Thumbprint()
		require.NoError(t, err)
		require.Equal(t, c.Thumbprint, got)
	})
	t.Run("RFC9449", func(t *testing.T) {
		t.Parallel()
		c := all.RFC9449
		require.NoError(t, verifyWith(c.Fig2, c.JWK))
		require.NoError(t, verifyWith(c.Fig13, c.JWK))
		key, err := jose.ParseKey(c.JWK)
		require.NoError(t, err)
		got, err := key.Thumbprint()
		require.NoError(t, err)
		require.Equal(t, c.JKT, got)
		token, err := jose.Parse(c.Fig13)
		require.NoError(t, err)
		require.True(t, token.Header.HasType("dpop+jwt"))
		sum := sha256.Sum256([]byte(c.AccessToken))
		require.Contains(t, string(token.UnverifiedPayload()), base64.RawURLEncoding.EncodeToString(sum[:]))
		require.Equal(t, c.ATH, base64.RawURLEncoding.EncodeToString(sum[:]))
	})
}

// resign signs the payload of a token with its private key and verifies that.
func resign(t *testing.T, key json.RawMessage, algorithm, compact string) {
	t.Helper()
	signer, err := jose.ParsePrivateJWK(key)
	require.NoError(t, err)
	token, err := jose.Parse(compact)
	require.NoError(t, err)
	require.Equal(t, jose.Algorithm(algorithm), signer.Algorithm())
	raw, err := signer.Sign(nil, token.UnverifiedPayload())
	require.NoError(t, err)
	require.NoError(t, verifyWith(raw, key))
	if algorithm == "RS256" && !strings.Contains(compact, "ZmFsc2U") && signer.KeyID() == "" {
		require.Equal(t, compact, raw, "PKCS #1 signatures are deterministic")
	}
}

func TestVectorsCookbook(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cookbook/*/*.json")
	require.NoError(t, err)
	ran := 0
	for _, file := range files {
		name := strings.TrimPrefix(file, "testdata/cookbook/")
		if strings.HasPrefix(name, "jwk/") {
			continue
		}
		var c struct {
			Input struct {
				Payload   string          `json:"payload"`
				Key       json.RawMessage `json:"key"`
				Algorithm json.RawMessage `json:"alg"`
			} `json:"input"`
			Signing json.RawMessage `json:"signing"`
			Output  struct {
				Compact string `json:"compact"`
			} `json:"output"`
		}
		readJSON(t, strings.TrimPrefix(file, "testdata/"), &c)
		if c.Signing == nil {
			continue // encryption is not in scope
		}
		ran++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.Output.Compact == "" || strings.Contains(c.Output.Compact, "..") || strings.HasPrefix(name, "rfc7797/") {
				_, err := jose.Parse(c.Output.Compact)
				if strings.Contains(name, "detached") {
					require.NoError(t, err)
					err = verifyWith(c.Output.Compact, c.Input.Key)
				}
				require.Error(t, err, "no compact serialization, detached, or with b64")
				return
			}
			key := withAlg(t, c.Input.Key, c.Input.Algorithm)
			require.NoError(t, verifyWith(c.Output.Compact, key))
			token, err := jose.Parse(c.Output.Compact)
			require.NoError(t, err)
			require.Equal(t, c.Input.Payload, string(token.UnverifiedPayload()))
		})
	}
	require.GreaterOrEqual(t, ran, 9)

	for name, private := range map[string]bool{"3_1.ec_public_key": false, "3_2.ec_private_key": true, "3_3.rsa_public_key": false, "3_4.rsa_private_key": true} {
		data, err := os.ReadFile("testdata/cookbook/jwk/" + name + ".json")
		require.NoError(t, err)
		_, err = jose.ParseKey(data)
		require.Equal(t, private, err != nil, name)
		_, err = jose.ParsePrivateJWK(data)
		require.Equal(t, private, err == nil, name)
	}
}

// withAlg gives a key the algorithm of its example, as the secrets of this package
// must have one.
func withAlg(t *testing.T, key, algorithm json.RawMessage) json.RawMessage {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(key, &members))
	if _, err := strconv.Unquote(string(algorithm)); err == nil {
		members["alg"] = algorithm
	}
	data, err := json.Marshal(members)
	require.NoError(t, err)
	return data
}
