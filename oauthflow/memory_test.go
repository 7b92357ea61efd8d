package oauthflow_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/storetest"
)

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) oauthflow.Store { return oauthflow.NewMemoryStore() })
}

// X1
func TestX1_StoresPrintNoRecord(t *testing.T) {
	t.Parallel()
	s := oauthflow.NewMemoryStore()
	const canary = "canary-5f1d"
	_, err := s.Save(t.Context(), "k", oauthflow.Record{Data: []byte(canary)})
	require.NoError(t, err)
	r, err := s.Load(t.Context(), "k")
	require.NoError(t, err)
	requireNoTrace(t, canary, s, r, &r, struct{ R oauthflow.Record }{r})
	require.Equal(t, "record of 11 bytes, version 1", fmt.Sprint(r))
}
