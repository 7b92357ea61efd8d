package firebase

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// CustomToken returns a token with which a client of the project, or of the tenant, signs
// in as the user uid, 1 to 128 characters, for an hour (Firebase docs, "Create custom
// tokens"). claims are added to the user's ID tokens and bounded as SetClaimsInput says.
// The service account's key signs it, without a call.
func (c *Client) CustomToken(ctx context.Context, uid string, claims map[string]any) (secret.Value, error) {
	token, err := c.customToken(ctx, uid, claims)
	if err != nil {
		return secret.Value{}, fmt.Errorf("firebase: custom token: %w", err)
	}
	return secret.New(token), nil
}

func (c *Client) customToken(ctx context.Context, uid string, claims map[string]any) (string, error) {
	if n := utf8.RuneCountInString(uid); n == 0 || n > 128 {
		return "", fmt.Errorf("%w: a UID has 1 to 128 characters, and this one has %d", client.ErrRequest, n)
	}
	if _, err := claimsJSON(claims); err != nil {
		return "", err
	}
	if c.signer == nil {
		return "", fmt.Errorf("%w: only a service account's key signs", client.ErrConfig)
	}
	now := time.Now()
	body := map[string]any{
		"aud": customTokenAudience, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "uid": uid,
	}
	if len(claims) > 0 {
		body["claims"] = claims
	}
	if c.tenant != "" {
		body["tenant_id"] = c.tenant
	}
	return c.signer.sign(ctx, body)
}

const customTokenAudience = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit"
