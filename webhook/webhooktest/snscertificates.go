package webhooktest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"html"
	"math/big"
	"net/http"
)

// SNSCertificates holds a generated RSA key with a certificate for
// sns.amazonaws.com from a generated authority, for [SNS]. It is safe for
// concurrent use.
type SNSCertificates struct {
	key         *rsa.PrivateKey
	certificate string // PEM
	authority   string // PEM
	file        string
}

// NewSNSCertificates generates the key and both certificates. That takes a while
// (a tenth of a second or so): one set serves a whole test binary.
func NewSNSCertificates() *SNSCertificates {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "webhooktest authority"},
		NotBefore: longAgo, NotAfter: farAhead,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, DNSNames: []string{"sns.amazonaws.com"},
		NotBefore: longAgo, NotAfter: farAhead,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		panic(err) // the templates are fixed
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		panic(err)
	}
	return &SNSCertificates{
		key: key, certificate: pemBlock("CERTIFICATE", leafDER), authority: pemBlock("CERTIFICATE", caDER), file: snsFile(leafDER),
	}
}

// ParseSNSCertificates returns what [SNSCertificates.PEM] gave: an RSA key, its
// certificate and the authority's, in PEM. The error does not show the key.
func ParseSNSCertificates(text string) (*SNSCertificates, error) {
	key, certificates, err := parseRSA(text)
	if err != nil {
		return nil, fmt.Errorf("webhooktest: %w", err)
	}
	if len(certificates) != 2 {
		return nil, fmt.Errorf("webhooktest: %d certificates beside the key, want its own and the authority's", len(certificates))
	}
	return &SNSCertificates{
		key: key, certificate: pemBlock("CERTIFICATE", certificates[0]), authority: pemBlock("CERTIFICATE", certificates[1]), file: snsFile(certificates[0]),
	}, nil
}

// snsFile names the certificate's file by its content, as a name that changes
// when the certificate does.
func snsFile(der []byte) string {
	sum := sha256.Sum256(der)
	return "/SimpleNotificationService-" + hex.EncodeToString(sum[:16]) + ".pem"
}

// PEM returns the private key and both certificates, to keep them for another run.
func (c *SNSCertificates) PEM() string { return pemPrivateKey(c.key) + c.certificate + c.authority }

// CertificatePEM returns the certificate that SigningCertURL leads to.
func (c *SNSCertificates) CertificatePEM() string { return c.certificate }

// AuthorityPEM returns the certificate of the authority that issued it.
func (c *SNSCertificates) AuthorityPEM() string { return c.authority }

// Path returns the path of SigningCertURL, new for every set of certificates as
// it is at AWS.
func (c *SNSCertificates) Path() string { return c.file }

// ServeHTTP answers as the certificate's host does, and a SubscribeURL with the
// response of ConfirmSubscription; everything else with 404.
func (c *SNSCertificates) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == c.file:
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write([]byte(c.certificate)) // the reader's going away is its own business
	case r.URL.Query().Get("Action") == "ConfirmSubscription":
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte("<ConfirmSubscriptionResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><ConfirmSubscriptionResult><SubscriptionArn>" +
			html.EscapeString(r.URL.Query().Get("TopicArn")) + ":subscription</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>\n"))
	default:
		http.NotFound(w, r)
	}
}

// Client returns an HTTP client that has every request answered by c, whatever
// host it names, without a network.
func (c *SNSCertificates) Client() *http.Client { return inMemory(c) }
