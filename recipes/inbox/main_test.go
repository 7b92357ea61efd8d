package main

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
)

func TestMain(m *testing.M) {
	if os.Getenv(worker) != "" { // the test binary is started as the worker, too
		main()
		return
	}
	clienttest.NoLeaks(m)
}

func TestEachEventIsHandledExactlyOnce(t *testing.T) {
	var out bytes.Buffer
	const events = 300
	require.NoError(t, run(t.Context(), storage{}, events, &out), out.String())
	require.Contains(t, out.String(), fmt.Sprintf("%d deliveries were acknowledged", 3*events))
	require.Contains(t, out.String(), fmt.Sprintf("each of the %d events was handled exactly once\n", events))
}

// What Postgres itself refuses is asked in integration/inbox.
func TestWhatCannotBeOpened(t *testing.T) {
	for name, tc := range map[string]struct {
		s    storage
		want string
	}{
		"nobody listens":             {storage{Postgres: "postgres://nobody:canary@127.0.0.1:1/none?sslmode=disable"}, "open the database: "},
		"nobody listens, with River": {storage{Postgres: "postgres://nobody:canary@127.0.0.1:1/none?sslmode=disable", River: true}, "open the database: "},
		"no DSN":                     {storage{Postgres: "postgres://nobody:canary@127.0.0.1:port/none"}, "open the database: "},
		"River without -postgres":    {storage{River: true}, "-river needs a Postgres"},
	} {
		var out bytes.Buffer
		err := run(t.Context(), tc.s, 1, &out)
		require.ErrorContains(t, err, tc.want, name)
		require.NotContains(t, err.Error(), "canary", name)
		require.Empty(t, out.String(), name)
	}
}
