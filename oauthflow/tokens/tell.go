package tokens

import (
	"context"
	"errors"

	"github.com/standpipe-go/standpipe/internal/panics"
)

// tellReauth calls the user's function. If that panics, OnFailure hears of it:
// there is no caller any more.
func (m *Manager) tellReauth(ctx context.Context, reauth *ReauthError) {
	if m.cfg.onReauth == nil {
		return
	}
	_, err := panics.Do(ctx, "the function of OnReauth", func(ctx context.Context) (none struct{}, _ error) {
		m.cfg.onReauth(ctx, reauth)
		return none, nil
	})
	if err != nil {
		m.tellFailure(ctx, reauth.Key, &RefreshError{Key: reauth.Key, cause: err})
	}
}

func (m *Manager) tellFailure(ctx context.Context, key string, err error) {
	told := errors.Is(err, ErrReauthorizationRequired) || errors.Is(err, ErrManagerClosed) || errors.Is(err, ErrRefreshedRecently)
	if told || m.cfg.onFailure == nil {
		return
	}
	var nobody error // is left to tell
	defer panics.Catch(&nobody, "the function of OnFailure")
	m.cfg.onFailure(ctx, key, err)
}
