package oauthflow

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/seal"
	"github.com/standpipe-go/standpipe/secret"
)

// attemptKeys seal attempts in the form of stored records, under a label of
// their own.
type attemptKeys struct{ src secret.Source }

func newAttemptKeys(src secret.Source) (attemptKeys, error) {
	if src == nil {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // never fails
		src = secret.Static(base64.StdEncoding.EncodeToString(key))
	}
	k := attemptKeys{src}
	ctx, cancel := context.WithTimeout(context.Background(), firstReadLimit)
	defer cancel()
	_, err := k.read(ctx)
	return k, err
}

func (k attemptKeys) read(ctx context.Context) (seal.Keys, error) {
	values, err := panics.Do(ctx, "its source", k.src.Secrets)
	if err == nil && len(values) == 0 {
		err = secret.ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("the cookie key: %w", err)
	}
	keys, err := seal.New(values)
	if err != nil {
		return nil, fmt.Errorf("cookie %w", err)
	}
	return keys, nil
}

// maxSealed bounds a sealed attempt.
const maxSealed = 8 << 10

const attemptLabel = "\x00attempt\x00"

func (k attemptKeys) seal(ctx context.Context, plaintext []byte, binding string) (string, error) {
	keys, err := k.read(ctx)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(keys.Seal(attemptLabel+binding, plaintext)), nil
}

// open returns ErrState for what was not sealed by one of the keys for this
// binding.
func (k attemptKeys) open(ctx context.Context, sealed, binding string) ([]byte, error) {
	if len(sealed) > maxSealed {
		return nil, ErrState
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return nil, ErrState
	}
	keys, err := k.read(ctx)
	if err != nil {
		return nil, err
	}
	plaintext, _, shut := keys.Open(attemptLabel+binding, data)
	if shut != nil {
		return nil, ErrState
	}
	return plaintext, nil
}
