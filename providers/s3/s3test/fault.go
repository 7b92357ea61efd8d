package s3test

import (
	"cmp"
	"net/http"
	"time"
)

// Fault is something that goes wrong with the requests that it is for.
type Fault struct {
	Operation string // S3's own name, "UploadPart"; "" is any
	Key       string // "" is any; with DeleteObjects, the object that is not deleted
	Skip      int    // how many requests of these go well first
	Times     int    // how many then go wrong; 0 is one, -1 all

	// Code is the error that S3 responds with: "SlowDown". Its status is S3's own,
	// unless Status says another. InSuccess sends it inside a 200, after white space.
	Code      string
	Status    int
	InSuccess bool

	// CutAfter ends the connection after so many bytes of the response's body.
	CutAfter int

	// Reset ends the connection without a response, after the body has been read. Lost
	// does what was asked for first.
	Reset, Lost bool

	// Flip changes a bit of the response's body.
	Flip bool
}

type fault struct {
	Fault
	skip, left int
}

// fault finds what is to go wrong with a request, which it counts, or with one of the
// objects that the request is about.
func (s *Server) fault(operation, key string, one bool) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !one {
		s.counts[operation]++
	}
	for _, f := range s.faults {
		if f.left == 0 || f.Operation != "" && f.Operation != operation || f.Key != key && (f.Key != "" || one) {
			continue
		}
		if f.skip > 0 {
			f.skip--
			continue
		}
		f.left--
		return &f.Fault
	}
	return nil
}

// before does what goes wrong before the request is looked at, and reports whether that
// was all.
func (f *Fault) before(w http.ResponseWriter, r *http.Request) bool {
	switch {
	case f.Lost, f.CutAfter > 0, f.Flip:
		return false
	case f.Reset:
		panic(http.ErrAbortHandler)
	case f.InSuccess:
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
		for range 3 {
			_, _ = w.Write([]byte(" \n"))
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
		body := errorDocument(f.Code, "An error that was asked for.", w.Header().Get("X-Amz-Request-Id"))
		_, _ = w.Write(body[len(`<?xml version="1.0" encoding="UTF-8"?>`):])
		return true
	}
	(&failure{cmp.Or(f.Status, statuses[f.Code], http.StatusInternalServerError), f.Code, "An error that was asked for."}).write(w, r)
	return true
}

// faulty is a response that a fault spoils.
type faulty struct {
	http.ResponseWriter
	f    *Fault
	sent int
}

func (w *faulty) Write(p []byte) (int, error) {
	if w.f.Flip && len(p) > 0 {
		p = append([]byte{p[0] ^ 1}, p[1:]...)
	}
	if n := w.f.CutAfter; n > 0 && w.sent+len(p) >= n {
		_, _ = w.ResponseWriter.Write(p[:n-w.sent])
		w.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.sent += len(p)
	return w.ResponseWriter.Write(p)
}

// after does what goes wrong with the response.
func (f *Fault) after() {
	if f != nil && f.Lost {
		panic(http.ErrAbortHandler)
	}
}

// silent keeps the response to itself.
type silent struct{ header http.Header }

func (w silent) Header() http.Header       { return w.header }
func (silent) Write(p []byte) (int, error) { return len(p), nil }
func (silent) WriteHeader(int)             {}
