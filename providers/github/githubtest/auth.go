package githubtest

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/standpipe-go/standpipe/secret"
)

// app is the GitHub App that a server knows. Its key is made when it is first asked for.
type app struct {
	once sync.Once
	key  *rsa.PrivateKey
}

func (a *app) private() *rsa.PrivateKey {
	a.once.Do(func() {
		var err error
		if a.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err) // crypto/rand does not fail
		}
	})
	return a.key
}

// AppKey is the private key of the app, as GitHub hands it out: a PEM of PKCS #1.
func (s *Server) AppKey() secret.Source {
	der := x509.MarshalPKCS1PrivateKey(s.app.private())
	return secret.Static(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der})))
}

// mint is a token of the installation.
type mint struct {
	expires time.Time
	revoked bool
}

// Revoke ends the tokens that the installation has, as GitHub does when a repository is
// taken away from it.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, m := range s.minted {
		m.revoked = true
		s.minted[token] = m
	}
}

// isApp reports whether an operation is the app's own.
func isApp(operation string) bool { return strings.HasPrefix(operation, "apps.") }

// authenticate finds out who asks.
func (s *Server) authenticate(r *http.Request) (caller, *answer) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case token == "":
		return caller{}, refuse(http.StatusUnauthorized, "Requires authentication")
	case !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token"):
		return caller{}, refuse(http.StatusUnauthorized, "Bad credentials")
	}
	if login, ok := s.opts.Tokens[token]; ok {
		return caller{login: login, key: login}, nil
	}
	if m, ok := s.minted[token]; ok && !m.revoked && s.opts.Now().Before(m.expires) {
		return caller{key: "installation"}, nil
	}
	if strings.HasPrefix(token, "eyJ") {
		if why := s.checkJWT(token); why != "" {
			return caller{}, refuse(http.StatusUnauthorized, why)
		}
		return caller{app: true, key: "app"}, nil
	}
	return caller{}, refuse(http.StatusUnauthorized, "Bad credentials")
}

// checkJWT says what is wrong with the token of an app ("Generating a JSON Web Token
// (JWT) for a GitHub App", GitHub docs).
func (s *Server) checkJWT(token string) (why string) {
	const undecodable = "A JSON web token could not be decoded"
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return undecodable
	}
	var raw [3][]byte
	for i, p := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			return undecodable
		}
	}
	var head struct{ Alg string }
	var claims struct {
		Iss      any
		Iat, Exp int64
	}
	if json.Unmarshal(raw[0], &head) != nil || head.Alg != "RS256" || json.Unmarshal(raw[1], &claims) != nil {
		return undecodable
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&s.app.private().PublicKey, crypto.SHA256, sum[:], raw[2]) != nil {
		return undecodable
	}
	now := s.opts.Now()
	switch {
	case claims.Iss != AppID:
		return "Integration not found"
	case claims.Iat > now.Unix():
		return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
	case claims.Exp > now.Add(10*time.Minute).Unix():
		return "'Expiration time' claim ('exp') is too far in the future"
	case claims.Exp <= now.Unix():
		return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
	}
	return ""
}

// createToken makes a token of the form that GitHub's have: opaque, with dots, of about
// 520 characters.
func (s *Server) createToken(c *call) *answer {
	if c.PathValue("installation_id") != string(ID) {
		return notFound()
	}
	var in struct {
		Repositories []string
		Permissions  map[string]string
	}
	if len(c.body) > 0 && !c.into(&in) {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	for _, name := range in.Repositories {
		if !slices.ContainsFunc(s.opts.Repositories, func(full string) bool { return strings.HasSuffix(full, "/"+name) }) {
			return refuse(http.StatusUnprocessableEntity, "There is at least one repository that does not exist or is not accessible to the parent installation.")
		}
	}
	token := "ghs_1_" + strings.Repeat(rand.Text()+".", 18) + rand.Text()
	expires := s.now().Add(time.Hour)
	s.minted[token] = mint{expires: expires}
	permissions := in.Permissions
	if permissions == nil {
		permissions = map[string]string{"issues": "write", "metadata": "read"}
	}
	return respond(http.StatusCreated, object{
		"token": token, "expires_at": expires, "permissions": permissions,
		"repository_selection": cmp.Or(map[bool]string{true: "selected"}[len(in.Repositories) > 0], "all"),
	})
}
