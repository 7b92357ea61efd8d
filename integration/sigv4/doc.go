// Package sigv4 holds the signatures of providers/s3 against those of AWS's own signer.
package sigv4
