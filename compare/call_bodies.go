package compare

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

var errorBody = Behaviour[Caller]{
	ID: "error-body", Title: "What the service said, after the last attempt",
	Asks: "Every attempt is answered with 503 and a reason in the body. When the call gives up the reason is to be at hand, in the response or in the error.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		const reason = "back at noon"
		s := serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, http.StatusServiceUnavailable, `{"error":{"message":"`+reason+`"}}`)
		})
		defer s.close()
		a, err := c.try(ctx, s.service(), Request{Method: http.MethodGet, Path: "/v1/things"})
		switch {
		case err != nil:
			return Outcome{}, err
		case strings.Contains(string(a.reply.Body), reason):
			return holds("in the response"), nil
		case a.err != nil && strings.Contains(a.err.Error(), reason):
			return holds("in the error"), nil
		}
		return fails("lost"), nil
	},
}

var truncated = Behaviour[Caller]{
	ID: "truncated", Title: "A success that breaks off",
	Asks: "A GET is answered with 200, half of the body, and the end of the connection; the next request gets the whole. The call is to " +
		"try again, and is never to take the half for the whole.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		whole := `{"data":"` + strings.Repeat("0123456789", 100) + `"}`
		s := serve(func(n int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
			if n == 1 {
				io.WriteString(w, whole[:len(whole)/2])
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			}
			io.WriteString(w, whole)
		})
		defer s.close()
		a, err := c.try(ctx, s.service(), Request{Method: http.MethodGet, Path: "/v1/things"})
		switch {
		case err != nil:
			return Outcome{}, err
		case a.err != nil:
			return open("an error"), nil
		case string(a.reply.Body) == whole:
			return holds("whole, after %s", times(s.requests(), "request")), nil
		}
		return fails("%d of %d bytes as a success", len(a.reply.Body), len(whole)), nil
	},
}

var dripping = Behaviour[Caller]{
	ID: "dripping", Title: "A body that never ends",
	Asks: "A GET is answered with 200 and a byte every 50 ms. The caller was told that a call may take 500 ms; its context has no deadline. The call is to end all the same.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		var s *server
		s = serve(func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusOK)
			for {
				io.WriteString(w, " ")
				if http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-time.After(50 * time.Millisecond):
				case <-r.Context().Done():
					return
				case <-s.ended:
					return
				}
			}
		})
		defer s.close()
		svc := s.service()
		svc.Timeout = 500 * time.Millisecond
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		const limit = 4 * time.Second // several attempts of 500 ms each are within reason
		stop := time.AfterFunc(limit, cancel)
		defer stop.Stop()
		a, err := c.try(ctx, svc, Request{Method: http.MethodGet, Path: "/v1/things"})
		switch {
		case err != nil:
			return Outcome{}, err
		case a.took >= limit:
			return fails("still reading after %s", seconds(limit)), nil
		}
		return judged(a.err != nil, "ends after %s", seconds(a.took)), nil
	},
}

const mebibyte = 1 << 20

// bombBody is 64 MiB of JSON, 64 KiB when compressed.
var bombBody = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // only an unknown level
	}
	io.WriteString(z, `{"data":"`)
	for block, i := bytes.Repeat([]byte("a"), mebibyte), 0; i < 64; i++ {
		_, _ = z.Write(block)
	}
	io.WriteString(z, `"}`)
	_ = z.Close()
	return b.Bytes()
})

var bomb = Behaviour[Caller]{
	ID: "bomb", Title: "64 KiB of gzip that are 64 MiB",
	Asks: "The caller was told to read at most 1 MiB into memory, where it can be told. The call is to fail. What hands the body over as a stream leaves that to whoever reads.",
	Run: func(ctx context.Context, c Caller) (Outcome, error) {
		if c.Streams {
			return notCovered("hands the body over as a stream"), nil
		}
		s := serve(func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bombBody())
		})
		defer s.close()
		svc := s.service()
		svc.MaxBody = mebibyte
		a, err := c.try(ctx, svc, Request{Method: http.MethodGet, Path: "/v1/things"})
		switch {
		case err != nil:
			return Outcome{}, err
		case a.err == nil || len(a.reply.Body) > 2*mebibyte:
			return fails("%d MiB in memory", len(a.reply.Body)/mebibyte), nil
		}
		return holds("refused"), nil
	},
}
