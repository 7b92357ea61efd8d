package secret

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Redacted is what a [Value] shows instead of itself.
const Redacted = "[redacted]"

// Value is a secret string. The zero Value is empty. A Value is immutable and
// safe for concurrent use; it cannot be compared with ==, see [Value.Equal].
type Value struct {
	// A closure, because reflection-based printers follow pointers and read
	// unexported fields but cannot look inside a function.
	reveal func() string
}

// New wraps s.
func New(s string) Value { return Value{reveal: func() string { return s }} }

// Reveal returns the secret itself. The caller must not print, log or wrap it.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// IsBlank reports whether the value is empty or holds only white space.
func (v Value) IsBlank() bool { return strings.TrimSpace(v.Reveal()) == "" }

// Equal reports whether both values hold the same string, in time that does
// not depend on where they differ or on how long they are.
func (v Value) Equal(other Value) bool {
	a, b := sha256.Sum256([]byte(v.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// String returns [Redacted].
func (Value) String() string { return Redacted }

// GoString returns [Redacted].
func (Value) GoString() string { return Redacted }

// Format writes [Redacted], whatever the verb.
func (Value) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, Redacted) }

// LogValue returns [Redacted] for log/slog.
func (Value) LogValue() slog.Value { return slog.StringValue(Redacted) }

// MarshalText returns [Redacted]; encoding/json and encoding/xml use it.
func (Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// UnmarshalText sets the value, so that a configuration struct can hold one.
// It refuses [Redacted], which can only come from a value that was printed.
func (v *Value) UnmarshalText(text []byte) error {
	if string(text) == Redacted {
		return fmt.Errorf("secret: the text is the redaction mark, not a secret")
	}
	*v = New(string(text))
	return nil
}
