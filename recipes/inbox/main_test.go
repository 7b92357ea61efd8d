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
	require.NoError(t, run(t.Context(), "", events, &out), out.String())
	require.Contains(t, out.String(), fmt.Sprintf("%d deliveries were acknowledged", 3*events))
	require.Contains(t, out.String(), fmt.Sprintf("each of the %d events was handled exactly once\n", events))
}

func TestADatabaseThatIsAway(t *testing.T) {
	var out bytes.Buffer
	require.ErrorContains(t, run(t.Context(), "postgres://nobody@127.0.0.1:1/none?sslmode=disable", 1, &out), "inbox: migrate")
	require.Empty(t, out.String())
}
