package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// keyFiles are what the keys command writes: the signer's half and, where it is
// another one, the verifier's.
type keyFiles struct {
	private, public string
	suffix          string // of the public file's name
}

func randomSecret(prefix string) func() keyFiles {
	return func() keyFiles { return keyFiles{private: prefix + rand.Text() + rand.Text()} }
}

// whsec makes a secret of Standard Webhooks: 32 bytes in base64.
func whsec() keyFiles {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: crypto/rand aborts the program instead
	return keyFiles{private: "whsec_" + base64.StdEncoding.EncodeToString(key)}
}

func pairOf(generate func() webhooktest.KeyPair) func() keyFiles {
	return func() keyFiles {
		pair := generate()
		return keyFiles{private: pair.Private, public: pair.Public, suffix: ".public"}
	}
}

func snsKeys() keyFiles {
	certificates := webhooktest.NewSNSCertificates()
	return keyFiles{private: certificates.PEM(), public: certificates.CertificatePEM(), suffix: ".pem"}
}

func tokenKeys() keyFiles {
	keys := webhooktest.NewKeyServer()
	return keyFiles{private: keys.PrivatePEM(), public: string(keys.JWKS()) + "\n", suffix: ".jwks.json"}
}

func keysCommand() *command {
	return &command{
		name: "keys", arguments: "PROVIDER PATH", summary: "make a secret or key pair to test with",
		help: `Makes a secret of the provider's form, or a key pair where the provider signs with
a private key, and writes it to PATH, readable by you alone. The verifier's half,
where it is another one, goes beside it: PATH.public, PATH.pem (a certificate for
aws-sns) or PATH.jwks.json (a key set for the token hooks). Existing files are not
overwritten.`,
		run: makeKeys,
	}
}

func makeKeys(_ context.Context, s streams, c *command, args []string) error {
	args, err := parse(newFlags(c, s), args, 2, 2)
	if err != nil {
		return err
	}
	p, err := findProvider(args[0])
	if err != nil {
		return err
	}
	files := p.keys()
	if err := writeNew(args[1], files.private); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "wrote %s: use it with -secret-file\n", args[1])
	if files.public == "" {
		return nil
	}
	public := args[1] + files.suffix
	if err := writeNew(public, files.public); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "wrote %s: the verifier's half\n", public)
	return nil
}

// writeNew writes a file that only its owner can read, and that must not exist.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // a part of it would pass for the whole
	}
	return nil
}

// fileClient returns a client that answers every request with a file: the key
// set or certificate that a verifier would otherwise fetch.
func fileClient(path string) (*http.Client, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: fileTransport(content)}, nil
}

type fileTransport []byte

func (f fileTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(f)), ContentLength: int64(len(f)), Request: r,
	}, nil
}
