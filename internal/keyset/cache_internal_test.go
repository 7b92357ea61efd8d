package keyset

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// Between a caller's look at the state and its turn a fetch of another may have
// ended: that one counts, and no second is made.
func TestFetchThatEndedMeanwhile(t *testing.T) {
	t.Parallel()
	c, err := New(Config{URL: "https://keys.example/", Client: &http.Client{Transport: noNetwork{t}}})
	require.NoError(t, err)
	set, err := jose.ParseSet([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	require.NoError(t, err)
	seen := c.state.Load()
	c.state.Store(&state{set: set, attempt: time.Now().Add(-time.Hour)})
	require.Nil(t, c.start(t.Context(), seen))
	require.Nil(t, c.startUnlessCoolingDown(t.Context(), seen))
	require.True(t, c.wait(t.Context(), nil))
	key, err := c.unknown(t.Context(), jose.Header{Algorithm: jose.EdDSA, KeyID: "a"}, seen, jose.ErrUnknownKey)
	require.NoError(t, err)
	require.Equal(t, "a", key.ID())
	key, err = c.unknown(t.Context(), jose.Header{Algorithm: jose.EdDSA, KeyID: "b"}, seen, jose.ErrUnknownKey)
	require.ErrorIs(t, err, jose.ErrUnknownKey)
	require.Nil(t, key)
}

type noNetwork struct{ *testing.T }

func (n noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	n.Error("a fetch was made")
	return nil, http.ErrServerClosed
}
