package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, func(string) string { return "" }))
	require.Equal(t, `No S3_BUCKET is set: this is an S3 in memory, which asks to slow down once and breaks off once.
Stored a file of 12 MiB.
Fetched it. It is the same: true.
A browser uploads a note by a link: 200.
A browser downloads it by another: 200 "hello".
`, out.String())
}
