package sigv4

import "crypto/sha256"

// scratch is what one signature is put together in.
type scratch struct {
	path   []byte // canonical
	params []param
	pairs  []byte // what params point to, encoded
	query  []byte // canonical
	fields []field
	names  []byte // what fields point to, in lower case
	signed []byte // names of the signed fields
	text   []byte // the canonical request, and later what is made of it
	host   [1]string
	length int64 // of the body

	signature [sha256.Size]byte
}

func (s *Signer) begin() *scratch {
	w, _ := s.scratch.Get().(*scratch)
	if w == nil {
		w = new(scratch)
	}
	return w
}

// maxKept bounds what one scratch keeps in memory.
const maxKept = 64 << 10

func (s *Signer) end(w *scratch) {
	if cap(w.text)+cap(w.pairs)+cap(w.query)+cap(w.path) > maxKept {
		return
	}
	clear(w.fields) // the header's values are not this package's to keep
	w.params, w.fields = w.params[:0], w.fields[:0]
	w.path, w.pairs, w.query, w.names = w.path[:0], w.pairs[:0], w.query[:0], w.names[:0]
	w.signed, w.text = w.signed[:0], w.text[:0]
	w.host = [1]string{}
	s.scratch.Put(w)
}

// field is a header field that is signed; its name, in lower case, is
// names[from:to].
type field struct {
	from, to int
	spelled  string
	values   []string
	plain    bool // no value of it has white space
	more     bool // it has the name of the one before it
}

// param is a query parameter, encoded: name and value are pairs[from:eq] and
// pairs[eq:to].
type param struct{ from, eq, to int }
