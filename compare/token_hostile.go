package compare

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"time"
)

// readsRight is the subject that makes accepting a token right: of one with a member
// that is only spelled like a registered name, for whoever reads the registered one.
var readsRight = map[string]string{
	"SUB beside sub":     issuerUser,
	"Sub before sub":     issuerUser,
	"EXP past, exp good": issuerUser,
	"Iss beside iss":     issuerUser,
}

// hostileHeaders are rightly signed tokens with good claims.
func (i *issuer) hostileHeaders() (list []named) {
	add := func(name, header string) { list = append(list, named{name, i.token(header, claims())}) }
	// RFC 7515 §4.1.11
	add("crit unknown", `{"alg":"ES256","kid":"k1","crit":["x-must"],"x-must":true}`)
	add("crit names what is not there", `{"alg":"ES256","kid":"k1","crit":["x-must"]}`)
	add("crit empty", `{"alg":"ES256","kid":"k1","crit":[]}`)
	add("crit a string", `{"alg":"ES256","kid":"k1","crit":"x-must","x-must":true}`)
	add("crit an object", `{"alg":"ES256","kid":"k1","crit":{"x-must":true},"x-must":true}`)
	add("crit null", `{"alg":"ES256","kid":"k1","crit":null}`)
	add("crit twice the same", `{"alg":"ES256","kid":"k1","crit":["x-must","x-must"],"x-must":true}`)
	// RFC 7797 §7: not in a JWT.
	add("b64 false, critical", `{"alg":"ES256","kid":"k1","b64":false,"crit":["b64"]}`)
	// RFC 7515 §4: names must be unique; a reader refuses, or takes the last where
	// another may take the first.
	add("alg twice", `{"alg":"none","alg":"ES256","kid":"k1"}`)
	add("alg twice, escaped", `{"\u0061lg":"none","alg":"ES256","kid":"k1"}`)
	add("kid twice", `{"alg":"ES256","kid":"k2","kid":"k1"}`)
	add("typ twice", `{"alg":"ES256","kid":"k1","typ":"logout+jwt","typ":"JWT"}`)
	add("crit twice", `{"alg":"ES256","kid":"k1","crit":["x-must"],"crit":["y-must"],"x-must":1,"y-must":1}`)
	// RFC 7515 §4.1.1: alg must be there; names are case-sensitive (§4).
	add("no alg", `{"kid":"k1"}`)
	add("Alg for alg", `{"Alg":"ES256","kid":"k1"}`)
	add("ALG for alg", `{"ALG":"ES256","kid":"k1"}`)
	add("alg lower-case", `{"alg":"es256","kid":"k1"}`)
	add("alg null", `{"alg":null,"kid":"k1"}`)
	add("alg an array", `{"alg":["ES256"],"kid":"k1"}`)
	add("kid a number", `{"alg":"ES256","kid":1}`)
	// RFC 7515 §5.2: a completely valid JSON object.
	add("two JSON values", `{"alg":"ES256","kid":"k1"}{}`)
	add("text after", `{"alg":"ES256","kid":"k1"}x`)
	add("an array", `[{"alg":"ES256","kid":"k1"}]`)
	add("invalid UTF-8", "{\"alg\":\"ES256\",\"kid\":\"k1\",\"x\":\"\xff\"}")
	add("NUL after", goodHeader+"\x00")
	// RFC 8725 §2.8, §3.12, OpenID Connect Back-Channel Logout §2.4: another kind of
	// token.
	logout := `{"alg":"ES256","kid":"k1","typ":"logout+jwt"}`
	list = append(list, named{"logout token", i.token(logout, claims(`"events":{"http://schemas.openid.net/event/backchannel-logout":{}}`))})
	add("DPoP proof", `{"alg":"ES256","kid":"k1","typ":"dpop+jwt"}`)
	return list
}

// hostileClaims are rightly signed tokens with a good header.
func (i *issuer) hostileClaims() (list []named) {
	now := time.Now().Unix()
	raw := func(name, claims string) { list = append(list, named{name, i.token(goodHeader, claims)}) }
	add := func(name string, more ...string) { raw(name, claims(more...)) }
	// without is good claims with one member replaced, or removed where it is "".
	without := func(name, member, replacement string) {
		var kept []string
		for _, m := range strings.Split(strings.Trim(claims(), "{}"), ",") {
			if strings.HasPrefix(m, `"`+member+`":`) {
				m = replacement
			}
			if m != "" {
				kept = append(kept, m)
			}
		}
		raw(name, "{"+strings.Join(kept, ",")+"}")
	}
	// RFC 7519 §4: names must be unique; a reader refuses, or takes the last where
	// another may take the first.
	add("sub twice", `"sub":"admin"`)
	add("sub twice, escaped", `"\u0073ub":"admin"`)
	add("iss twice", `"iss":"https://evil.example.com"`)
	add("aud twice", `"aud":"client-2"`)
	add("exp twice", fmt.Sprintf(`"exp":%d`, now-3600))
	add("nbf twice", fmt.Sprintf(`"nbf":%d,"nbf":%d`, now+3600, now-3600))
	// RFC 7519 §10.1.1, §7.3: names are case-sensitive.
	raw("SUB beside sub", strings.TrimSuffix(claims(), "}")+`,"SUB":"admin"}`)
	add("Sub before sub", `"Sub":"admin"`)
	raw("EXP past, exp good", strings.TrimSuffix(claims(), "}")+fmt.Sprintf(`,"EXP":%d}`, now-3600))
	raw("Iss beside iss", strings.TrimSuffix(claims(), "}")+`,"Iss":"https://evil.example.com"}`)
	without("SUB for sub", "sub", `"SUB":"user-1"`)
	without("EXP for exp", "exp", fmt.Sprintf(`"EXP":%d`, now+3600))
	without("Iss for iss", "iss", `"Iss":"`+issuerName+`"`)
	without("AUD for aud", "aud", `"AUD":"client-1"`)
	// OpenID Connect Core §2: exp, iss, aud and sub are required; RFC 7519 §2: of these
	// types.
	without("exp missing", "exp", "")
	without("exp null", "exp", `"exp":null`)
	without("exp a string", "exp", fmt.Sprintf(`"exp":"%d"`, now+3600))
	without("exp a date", "exp", `"exp":"2099-01-01T00:00:00Z"`)
	without("exp true", "exp", `"exp":true`)
	without("exp an array", "exp", fmt.Sprintf(`"exp":[%d]`, now+3600))
	without("exp past", "exp", fmt.Sprintf(`"exp":%d`, now-3600))
	without("exp negative", "exp", `"exp":-1`)
	add("nbf ahead", fmt.Sprintf(`"nbf":%d`, now+3600))
	add("nbf a string", fmt.Sprintf(`"nbf":"%d"`, now+3600))
	add("nbf beyond int64", `"nbf":1e30`)
	without("aud missing", "aud", "")
	without("aud null", "aud", `"aud":null`)
	without("aud empty", "aud", `"aud":[]`)
	without("aud another", "aud", `"aud":"client-2"`)
	without("aud a list in a string", "aud", `"aud":"client-1 client-2"`)
	without("aud mixed", "aud", `"aud":["client-1",5]`)
	without("aud an object", "aud", `"aud":{"client-1":true}`)
	without("aud nested", "aud", `"aud":[["client-1"]]`)
	without("iss missing", "iss", "")
	without("iss another", "iss", `"iss":"https://evil.example.com"`)
	without("iss with a slash", "iss", `"iss":"`+issuerName+`/"`)
	without("iss upper-case", "iss", `"iss":"HTTPS://ISSUER.EXAMPLE.COM"`)
	without("iss an array", "iss", `"iss":["`+issuerName+`"]`)
	without("sub missing", "sub", "")
	without("sub empty", "sub", `"sub":""`)
	without("sub null", "sub", `"sub":null`)
	without("sub a number", "sub", `"sub":42`)
	without("sub an array", "sub", `"sub":["user-1"]`)
	// RFC 7519 §7.2, RFC 8259 §8.1, §8.2: UTF-8 text of one JSON object, and no
	// character that is none.
	raw("two JSON values", claims()+`{}`)
	raw("text after", claims()+"x")
	raw("an array", "["+claims()+"]")
	raw("null", "null")
	add("invalid UTF-8", "\"name\":\"\xff\xfe\"")
	without("invalid UTF-8 in sub", "sub", "\"sub\":\"user-1\xff\"")
	without("lone surrogate in sub", "sub", `"sub":"user-1\ud800"`)
	return list
}

// hostileEncodings are tokens with a good header and good claims. RFC 7515 §2, §7.1:
// three segments of base64url without padding, line breaks, white space or other
// characters; RFC 4648 §3.5: the unused bits are zero, or one token has many spellings.
func (i *issuer) hostileEncodings() (list []named) {
	add := func(name, token string) { list = append(list, named{name, token}) }
	good := i.token(goodHeader, claims())
	head, rest, _ := strings.Cut(good, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	signed := func(head, payload string) string {
		input := head + "." + payload
		return input + "." + b64(i.signES(input))
	}
	add("signature: unused bits", head+"."+payload+"."+unusedBits(signature))
	// A segment has unused bits where its length is not a multiple of three.
	loose := b64([]byte(`{"alg":"ES256","kid":"k1"}`)) // 26 bytes
	add("header: unused bits", signed(unusedBits(loose), payload))
	body := claims()
	for len(body)%3 == 0 {
		body = body[:1] + " " + body[1:]
	}
	add("claims: unused bits", signed(head, unusedBits(b64([]byte(body)))))
	for _, inside := range []struct{ name, text string }{{"LF", "\n"}, {"CRLF", "\r\n"}, {"CR", "\r"}, {"space", " "}} {
		name, text := inside.name, inside.text
		add("signature: "+name+" inside", head+"."+payload+"."+signature[:20]+text+signature[20:])
		add("claims: "+name+" inside", signed(head, payload[:20]+text+payload[20:]))
		add("header: "+name+" inside", signed(head[:8]+text+head[8:], payload))
	}
	add("signature: padding", good+"==")
	add("claims: padding", signed(head, base64.URLEncoding.EncodeToString([]byte(body))))
	// A signature is drawn until the other alphabet makes a difference.
	for {
		s := i.signES(head + "." + payload)
		if other := base64.RawStdEncoding.EncodeToString(s); other != b64(s) {
			add("signature: the other alphabet", head+"."+payload+"."+other)
			break
		}
	}
	add("a fourth segment", good+".AAAA")
	add("an empty fourth segment", good+".")
	add("without a signature", head+"."+payload+".")
	add("two segments", head+"."+payload)
	return list
}

// unusedBits sets the lowest of the unused bits of a segment's last character.
func unusedBits(segment string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(segment) - 1
	return segment[:last] + string(alphabet[strings.IndexByte(alphabet, segment[last])|1])
}

// hostileKeys are tokens with good claims.
func (i *issuer) hostileKeys() (list []named) {
	input := func(header string) string { return b64([]byte(header)) + "." + b64([]byte(claims())) }
	add := func(name, header string, sign func(string) []byte) {
		in := input(header)
		list = append(list, named{name, in + "." + b64(sign(in))})
	}
	nothing := func(string) []byte { return nil }
	// RFC 8725 §2.1, §3.1
	for _, none := range []string{"none", "None", "NONE", "nOnE"} {
		add(none, `{"alg":"`+none+`","kid":"k1"}`, nothing)
	}
	der, err := x509.MarshalPKIXPublicKey(&i.rs.PublicKey)
	if err != nil {
		panic(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	for _, public := range []struct {
		name string
		key  []byte
	}{{"PEM", block}, {"DER", der}, {"modulus", i.rs.N.Bytes()}, {"JWK set", i.keys}, {"nothing", nil}} {
		add("HS256 with "+public.name, `{"alg":"HS256","kid":"k2"}`, func(in string) []byte { return mac(sha256.New, string(public.key), []byte(in)) })
	}
	// RFC 7517 §4.4, RFC 8725 §3.1: a key is for its algorithm.
	add("PS256, the key is for RS256", `{"alg":"PS256","kid":"k2"}`, i.signPS)
	add("RS256 says the header, PS256 it is", `{"alg":"RS256","kid":"k2"}`, i.signPS)
	add("RS256 with the key for ES256", `{"alg":"RS256","kid":"k1"}`, i.signRS)
	add("ES256 with the key for RS256", `{"alg":"ES256","kid":"k2"}`, i.signES)
	// RFC 7517 §4.2
	add("a key for encryption", `{"alg":"RS256","kid":"k3"}`, i.signRS)
	// RFC 7518 §3.4: 64 bytes, r and s; neither is zero.
	add("ES256: r = s = 0", goodHeader, func(string) []byte { return make([]byte, 64) })
	add("ES256: ASN.1", goodHeader, func(in string) []byte {
		sum := sha256.Sum256([]byte(in))
		sig, err := ecdsa.SignASN1(rand.Reader, i.es, sum[:])
		if err != nil {
			panic(err)
		}
		return sig
	})
	add("ES256: a byte more", goodHeader, func(in string) []byte { return append(i.signES(in), 0) })
	add("ES256: a zero before each half", goodHeader, func(in string) []byte {
		s := i.signES(in)
		return append(append(append([]byte{0}, s[:32]...), 0), s[32:]...)
	})
	// RFC 8725 §3.10: a key that comes with the token proves nothing.
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	theirs := &issuer{es: stranger}
	jwk, err := json.Marshal(ecJWK(&stranger.PublicKey))
	if err != nil {
		panic(err)
	}
	add("another's key", goodHeader, theirs.signES)
	add("jwk in the header", `{"alg":"ES256","kid":"k1","jwk":`+string(jwk)+`}`, theirs.signES)
	add("jwk in the header, no kid", `{"alg":"ES256","jwk":`+string(jwk)+`}`, theirs.signES)
	add("unknown kid", `{"alg":"ES256","kid":"../../k1"}`, i.signES)
	return list
}

// harmless are good tokens.
func (i *issuer) harmless() (list []named) {
	now := time.Now().Unix()
	add := func(name, header, claims string) { list = append(list, named{name, i.token(header, claims)}) }
	add("plain", goodHeader, claims())
	add("no typ", `{"alg":"ES256","kid":"k1"}`, claims())
	add("typ in lower case", `{"alg":"ES256","kid":"k1","typ":"jwt"}`, claims())
	add("an unknown header", `{"alg":"ES256","kid":"k1","x-note":"ignored"}`, claims())
	add("unknown claims", goodHeader, claims(`"x":{"a":[1,null,true,"\u00e9"]}`, `"email":"ada@example.com"`))
	add("white space", "{ \"alg\" : \"ES256\",\n \"kid\" : \"k1\" }", strings.ReplaceAll(claims(), ",", " ,\n\t"))
	add("an escaped slash", goodHeader, strings.ReplaceAll(claims(), "/", `\/`))
	add("several audiences", goodHeader, strings.Replace(claims(`"azp":"client-1"`), `"aud":"client-1"`, `"aud":["client-2","client-1"]`, 1))
	add("a fraction", goodHeader, strings.Replace(claims(), fmt.Sprint(now+3600), fmt.Sprintf("%d.25", now+3600), 1))
	in := b64([]byte(`{"alg":"RS256","kid":"k2","typ":"JWT"}`)) + "." + b64([]byte(claims()))
	list = append(list, named{"RS256", in + "." + b64(i.signRS(in))})
	return list
}
