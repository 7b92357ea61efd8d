package webhooktest

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

func pemBlock(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pemPrivateKey(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err) // the key is of a known kind
	}
	return pemBlock("PRIVATE KEY", der)
}

// parseRSA reads one RSA private key and any certificates, in PEM.
func parseRSA(text string) (key *rsa.PrivateKey, certificates [][]byte, err error) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			certificates = append(certificates, block.Bytes)
			continue
		}
		if key != nil {
			return nil, nil, errors.New("more than one private key in the PEM text")
		}
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, nil, errors.New("the private key is neither PKCS #8 nor PKCS #1")
			}
			key, _ = parsed.(*rsa.PrivateKey)
		}
		if key == nil || key.N.BitLen() < 2048 {
			return nil, nil, errors.New("the private key is not an RSA key of at least 2048 bits")
		}
	}
	if key == nil {
		return nil, nil, errors.New("no private key in the PEM text")
	}
	return key, certificates, nil
}
