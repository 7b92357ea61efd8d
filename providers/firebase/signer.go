package firebase

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/jose"
	"github.com/standpipe-go/standpipe/internal/serviceaccount"
	"github.com/standpipe-go/standpipe/secret"
)

// signer signs claims, to which it adds who it is.
type signer interface {
	sign(ctx context.Context, claims map[string]any) (string, error)
}

// accountSigner signs with a service account's key, which is parsed once for each
// version of its file.
type accountSigner struct {
	file secret.Source

	mu    sync.Mutex
	from  secret.Value // of which the rest has been made
	email string
	made  *jose.Signer
}

func (s *accountSigner) sign(ctx context.Context, claims map[string]any) (string, error) {
	made, email, err := s.key(ctx)
	if err != nil {
		return "", err
	}
	claims["iss"], claims["sub"] = email, email
	return made.SignClaims(map[string]any{"typ": "JWT"}, claims)
}

func (s *accountSigner) key(ctx context.Context) (*jose.Signer, string, error) {
	v, err := secret.Current(ctx, s.file)
	if err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made != nil && s.from.Equal(v) {
		return s.made, s.email, nil
	}
	file, err := serviceaccount.Parse(v.Reveal())
	if err != nil {
		return nil, "", err
	}
	made, err := file.Signer(jose.RS256)
	if err != nil {
		return nil, "", fmt.Errorf("the service account's key: %w", err)
	}
	s.made, s.email, s.from = made, file.ClientEmail, v
	return made, file.ClientEmail, nil
}

// emulatorSigner makes tokens that nobody signed, which the emulator alone takes.
type emulatorSigner struct{}

func (emulatorSigner) sign(_ context.Context, claims map[string]any) (string, error) {
	const email = "firebase-auth-emulator@example.com"
	claims["iss"], claims["sub"] = email, email
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("%w: the claims cannot be encoded as JSON", client.ErrRequest)
	}
	b64 := base64.RawURLEncoding
	return b64.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + b64.EncodeToString(body) + ".", nil
}
