package webhook_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
)

func spki(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

func digestOf(h crypto.Hash, content string) []byte {
	d := h.New()
	d.Write([]byte(content))
	return d.Sum(nil)
}

// W28: RSA in both forms.
func TestW28_GenericRSA(t *testing.T) {
	t.Parallel()
	key := tokenKey()
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	for _, h := range []crypto.Hash{0, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		used := h
		if h == 0 {
			used = crypto.SHA256
		}
		content := now + ".{}"
		plain, err := rsa.SignPKCS1v15(rand.Reader, key, used, digestOf(used, content))
		require.NoError(t, err)
		var pss [][]byte
		for _, salt := range []int{rsa.PSSSaltLengthEqualsHash, rsa.PSSSaltLengthAuto, 8} {
			sig, err := rsa.SignPSS(rand.Reader, key, used, digestOf(used, content), &rsa.PSSOptions{SaltLength: salt})
			require.NoError(t, err)
			pss = append(pss, sig)
		}
		for _, enc := range []webhook.Encoding{webhook.Hex, webhook.Base64} {
			encode := hex.EncodeToString
			if enc == webhook.Base64 {
				encode = base64.StdEncoding.EncodeToString
			}
			for _, isPSS := range []bool{false, true} {
				s, err := webhook.RSA(webhook.RSAConfig{Provider: "acme", Hash: h, PSS: isPSS, Layout: webhook.Layout{
					SignatureHeader: "X-Sig", TimestampHeader: "X-Time", Encoding: enc, Signed: "{timestamp}.{body}",
				}}, secret.Static(spki(t, key.Public())), at(fixedTime))
				require.NoError(t, err)
				verify := func(sig string, body string) error {
					rec, err := s.Verify(t.Context(), post(body, "X-Sig", sig, "X-Time", now))
					if err == nil {
						require.Equal(t, map[bool]string{false: "rsa", true: "rsa-pss"}[isPSS], rec.Scheme)
						require.Equal(t, fixedTime.UTC(), rec.SignedAt)
					}
					return err
				}
				good, other := [][]byte{plain}, pss
				if isPSS {
					good, other = pss, [][]byte{plain}
				}
				for _, sig := range good {
					require.NoError(t, verify(encode(sig), "{}"))
					require.ErrorIs(t, verify(encode(sig), "{ }"), webhook.ErrMismatch)
					for _, bad := range []string{encode(sig[1:]), encode(append([]byte{0}, sig...)), encode(nil) + "x", strings.Repeat("z", len(encode(sig))), strings.Repeat("=", len(encode(sig)))} {
						require.ErrorIs(t, verify(bad, "{}"), webhook.ErrMalformed)
					}
				}
				for _, sig := range other {
					require.ErrorIs(t, verify(encode(sig), "{}"), webhook.ErrMismatch, "the other form")
				}
			}
		}
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, text := range map[string]string{"small": spki(t, small.Public()), "ECDSA": spki(t, ec.Public()), "nothing": "AAAA", "no base64": "§"} {
		_, err := webhook.RSA(webhook.RSAConfig{Provider: "acme", Layout: webhook.Layout{SignatureHeader: "X"}}, secret.Static(text))
		require.ErrorIs(t, err, webhook.ErrConfig, name)
	}
	for _, cfg := range []webhook.RSAConfig{
		{Provider: "acme", Hash: crypto.SHA1, Layout: webhook.Layout{SignatureHeader: "X"}}, {Provider: "acme"}, {Layout: webhook.Layout{SignatureHeader: "X"}},
	} {
		_, err := webhook.RSA(cfg, secret.Static(spki(t, key.Public())))
		require.ErrorIs(t, err, webhook.ErrConfig)
	}
	named, err := webhook.RSA(webhook.RSAConfig{Provider: "acme", Scheme: "v9", Layout: webhook.Layout{SignatureHeader: "X-Sig"}}, secret.Static(spki(t, key.Public())))
	require.NoError(t, err)
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digestOf(crypto.SHA256, "{}"))
	require.NoError(t, err)
	rec, err := named.Verify(t.Context(), post("{}", "X-Sig", hex.EncodeToString(sig)))
	require.NoError(t, err)
	require.Equal(t, "v9", rec.Scheme)
}

// W28: Ed25519 under a key in whichever form the service shows it.
func TestW28_GenericEd25519(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	now := strconv.FormatInt(fixedTime.Unix(), 10)
	der, err := x509.MarshalPKIXPublicKey(public)
	require.NoError(t, err)
	for _, c := range []struct {
		key  webhook.KeyFormat
		text string
	}{
		{webhook.HexKey, hex.EncodeToString(public)}, {webhook.HexKey, strings.ToUpper(hex.EncodeToString(public))},
		{webhook.Base64Key, base64.StdEncoding.EncodeToString(public)}, {0, spki(t, public)},
		{0, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))},
	} {
		for _, enc := range []webhook.Encoding{webhook.Hex, webhook.Base64} {
			s, err := webhook.Ed25519(webhook.Ed25519Config{Provider: "acme", Key: c.key, Layout: webhook.Layout{
				SignatureHeader: "X-Signature-Ed25519", TimestampHeader: "X-Signature-Timestamp", Encoding: enc, Signed: "{timestamp}{body}",
			}}, secret.Static(c.text), at(fixedTime))
			require.NoError(t, err)
			encode := hex.EncodeToString
			if enc == webhook.Base64 {
				encode = base64.StdEncoding.EncodeToString
			}
			sig := ed25519.Sign(private, []byte(now+"{}"))
			verify := func(sig, body string) (webhook.Receipt, error) {
				return s.Verify(t.Context(), post(body, "X-Signature-Ed25519", sig, "X-Signature-Timestamp", now))
			}
			rec, err := verify(encode(sig), "{}")
			require.NoError(t, err)
			require.Equal(t, "ed25519", rec.Scheme)
			require.Equal(t, fixedTime.UTC(), rec.SignedAt)
			_, err = verify(encode(sig), "{ }")
			require.ErrorIs(t, err, webhook.ErrMismatch)
			for _, bad := range []string{encode(sig[:63]), encode(append(sig, 0)), "zz", encode(sig) + " ", strings.Repeat("z", len(encode(sig)))} {
				_, err = verify(bad, "{}")
				require.ErrorIs(t, err, webhook.ErrMalformed, bad)
			}
		}
	}
	for name, c := range map[string]struct {
		key  webhook.KeyFormat
		text string
	}{
		"short hex": {webhook.HexKey, hex.EncodeToString(public[:31])}, "long hex": {webhook.HexKey, hex.EncodeToString(append(public, 0))}, "no hex": {webhook.HexKey, "zz"},
		"short base64": {webhook.Base64Key, "AAAA"}, "no base64": {webhook.Base64Key, "§"}, "hex as base64": {webhook.Base64Key, hex.EncodeToString(public)},
		"RSA": {0, spki(t, tokenKey().Public())}, "bare": {0, hex.EncodeToString(public)},
		"another format": {webhook.StandardKey, base64.StdEncoding.EncodeToString(public)}, "SHA-1": {webhook.SHA1Key, hex.EncodeToString(public)}, "unknown": {9, hex.EncodeToString(public)},
	} {
		_, err := webhook.Ed25519(webhook.Ed25519Config{Provider: "acme", Key: c.key, Layout: webhook.Layout{SignatureHeader: "X"}}, secret.Static(c.text))
		require.ErrorIs(t, err, webhook.ErrConfig, name)
		require.NotContains(t, err.Error(), c.text)
	}
}

// W28: a service may sign with two keys at once, each signature in a header.
func TestW28_SeveralSignatureHeaders(t *testing.T) {
	t.Parallel()
	layout := webhook.Layout{SignatureHeader: "X-Sig-1", OtherSignatureHeaders: []string{"x-sig-2", "X-Sig-3"}, Prefix: "v1="}
	s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey, "older"))
	require.NoError(t, err)
	ours, older, other := "v1="+hexMAC(rawKey, "{}"), "v1="+hexMAC("older", "{}"), "v1="+hexMAC("other", "{}")
	for name, c := range map[string]struct {
		headers http.Header
		want    error
		key     string
	}{
		"first":            {http.Header{"X-Sig-1": {ours}}, nil, "key 1"},
		"second":           {http.Header{"X-Sig-2": {ours}}, nil, "key 1"},
		"third, older":     {http.Header{"X-Sig-3": {older}}, nil, "key 2"},
		"one is right":     {http.Header{"X-Sig-1": {other}, "X-Sig-2": {ours}}, nil, "key 1"},
		"empty first":      {http.Header{"X-Sig-1": {""}, "X-Sig-2": {ours}}, nil, "key 1"},
		"none is right":    {http.Header{"X-Sig-1": {other}, "X-Sig-2": {other}}, webhook.ErrMismatch, ""},
		"none":             {http.Header{}, webhook.ErrMissing, ""},
		"all empty":        {http.Header{"X-Sig-1": {""}, "X-Sig-2": {""}, "X-Sig-3": {""}}, webhook.ErrMissing, ""},
		"second repeated":  {http.Header{"X-Sig-1": {ours}, "X-Sig-2": {ours, ours}}, webhook.ErrDuplicate, ""},
		"first repeated":   {http.Header{"X-Sig-1": {ours, other}, "X-Sig-2": {ours}}, webhook.ErrDuplicate, ""},
		"second malformed": {http.Header{"X-Sig-1": {ours}, "X-Sig-2": {"v2=" + ours[3:]}}, nil, "key 1"}, // W8
		"first malformed":  {http.Header{"X-Sig-1": {"v2="}, "X-Sig-3": {older}}, nil, "key 2"},
		"all malformed":    {http.Header{"X-Sig-1": {"v2="}, "X-Sig-2": {"v2="}}, webhook.ErrMalformed, ""},
		"malformed, wrong": {http.Header{"X-Sig-1": {"v2="}, "X-Sig-2": {other}}, webhook.ErrMismatch, ""},
		"without a prefix": {http.Header{"X-Sig-2": {ours[3:]}}, webhook.ErrMalformed, ""},
	} {
		rec, err := s.Verify(t.Context(), &webhook.Request{Header: c.headers, Body: []byte("{}")})
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, c.key, rec.KeyID, name)
	}
	_, err = s.Verify(t.Context(), &webhook.Request{Header: http.Header{}, Body: []byte("{}")})
	require.ErrorContains(t, err, "X-Sig-1", "the first is the one to look for")
	for name, layout := range map[string]webhook.Layout{
		"no name":           {SignatureHeader: "X", OtherSignatureHeaders: []string{""}},
		"the first's name":  {SignatureHeader: "X-A", OtherSignatureHeaders: []string{"x-a"}},
		"a time in each":    {SignatureHeader: "X", OtherSignatureHeaders: []string{"Y"}, Signed: "{timestamp}.{body}", Fields: &webhook.Fields{Signature: "s", Timestamp: "t"}},
		"signed as content": {SignatureHeader: "X", OtherSignatureHeaders: []string{"Y"}, Signed: "{header:Y}.{body}"},
	} {
		_, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey))
		require.ErrorIs(t, err, webhook.ErrConfig, name)
	}
	lists := webhook.Layout{SignatureHeader: "X-Sig-1", OtherSignatureHeaders: []string{"X-Sig-2"}, Fields: &webhook.Fields{Signature: "v1"}}
	s, err = webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: lists}, secret.Static(rawKey))
	require.NoError(t, err)
	_, err = s.Verify(t.Context(), post("{}", "X-Sig-1", "v0=x", "X-Sig-2", "v0=y,"+ours))
	require.NoError(t, err)
	for _, odd := range [][]string{{ours + ",odd", other}, {other, ours + ",odd"}} { // a list counts as a whole
		_, err = s.Verify(t.Context(), post("{}", "X-Sig-1", odd[0], "X-Sig-2", odd[1]))
		require.ErrorIs(t, err, webhook.ErrMismatch)
	}
}
