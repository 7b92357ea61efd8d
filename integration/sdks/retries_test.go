package sdks

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

// Whose retries count in an operation over the stack; the other's are off.
const (
	stacks = "the stack's"
	sdks   = "the SDK's"
)

// operation is one call of an SDK.
type operation struct {
	sdk, name string
	large     bool // it sends 50 MiB
	waits     bool // the SDK waits for seconds, and cannot be told not to
	whose     string
	profile   client.Profile
	reply     string // a success; "": {}

	// call makes the call through hc. With own the SDK keeps its retries.
	call func(ctx context.Context, hc *http.Client, own bool) error
}

// tried is what came of a call.
type tried struct {
	survived bool
	requests int64
}

func (r tried) String() string {
	if r.survived {
		return fmt.Sprintf("survives, %d sent", r.requests)
	}
	return fmt.Sprintf("fails, %d sent", r.requests)
}

// C20: either the SDK's retries count or the stack's, and what the SDK survives by
// itself it survives over the stack.
func TestWhoseRetriesCount(t *testing.T) {
	ops := operations(t)
	lines := make([]strings.Builder, len(ops))
	t.Run("each", func(t *testing.T) {
		for i, op := range ops {
			t.Run(op.sdk+"/"+op.name, func(t *testing.T) {
				if op.waits {
					t.Parallel()
				}
				op.judge(t, &lines[i])
			})
		}
	})
	table := header
	for i := range lines {
		table += lines[i].String()
	}
	want, err := os.ReadFile(filepath.Join("testdata", "retries.txt"))
	require.NoError(t, err)
	require.Equal(t, string(want), table, "testdata/retries.txt is to be:\n%s", table)
}

// judge holds the call over the stack to what the SDK does alone, and writes down
// what each of them sent.
func (op operation) judge(t *testing.T, table *strings.Builder) {
	t.Helper()
	for _, fault := range []string{refuses, resets, throttles, isDown} {
		if op.large && fault == isDown {
			continue
		}
		alone, over := op.alone(t, fault), op.over(t, fault)
		fmt.Fprintf(table, "%-17s %-23s %-12s %-11s %-18s %s\n", op.sdk, op.name, op.whose, fault, alone, over)
		if alone.survived {
			assert.True(t, over.survived, "%s: it survives without the stack", fault)
		}
		// The better of the two: the SDK alone, or one that tries again until it
		// has its answer.
		most := alone.requests
		switch {
		case fault == isDown && op.whose == stacks:
			most = max(most, int64(retry.Default().Attempts()))
		case over.survived:
			most = max(most, 2)
		}
		assert.LessOrEqual(t, over.requests, most, "%s: more than are needed", fault)
	}
}

const header = `# What one call of an official SDK comes to, and how many requests it sends: the SDK alone, as it comes, and over
# the stack, where either the SDK's retries or the stack's are off. A large body is 50 MiB.
#
# SDK             operation               retries over  fault       alone              over the stack
`

func (op operation) alone(t *testing.T, fault string) tried {
	t.Helper()
	s := serve(t, fault, op.reply)
	return op.try(t, s, &http.Client{Transport: s.transport(t)}, true)
}

func (op operation) over(t *testing.T, fault string) tried {
	t.Helper()
	s := serve(t, fault, op.reply)
	wait := retry.Constant(time.Millisecond)
	policy := retry.Policy{Backoff: wait, Throttled: wait}
	if op.whose == sdks {
		policy = retry.Never
	}
	profile := op.profile
	if profile.BaseURL == "" {
		profile.BaseURL = "https://api.example.com"
	}
	c, err := client.New("", client.WithProfile(profile), client.WithRetry(policy), client.WithTransport(s.transport(t)))
	require.NoError(t, err)
	return op.try(t, s, c.HTTPClient(), op.whose == sdks)
}

func (op operation) try(t *testing.T, s *service, hc *http.Client, own bool) tried {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	err := op.call(ctx, hc, own)
	require.NoError(t, ctx.Err())
	survived := s.answered.Load() > 0
	require.Equal(t, survived, err == nil, "%v", err) // what was answered, the SDK could read
	return tried{survived, s.requests.Load()}
}
