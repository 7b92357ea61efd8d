package tokens_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow/tokens"
	"github.com/standpipe-go/standpipe/oauthflow/tokens/storetest"
)

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) tokens.Store { return tokens.NewMemoryStore() })
}

// X1
func TestX1_StoresPrintNoRecord(t *testing.T) {
	t.Parallel()
	s := tokens.NewMemoryStore()
	const canary = "canary-5f1d"
	_, err := s.Save(t.Context(), "k", tokens.Record{Data: []byte(canary)})
	require.NoError(t, err)
	r, err := s.Load(t.Context(), "k")
	require.NoError(t, err)
	requireNoTrace(t, canary, s, r, &r, struct{ R tokens.Record }{r})
	require.Equal(t, "record of 11 bytes, version 1", fmt.Sprint(r))
	_, err = json.Marshal(r)
	require.ErrorContains(t, err, "a Record is not encoded as JSON")
}
