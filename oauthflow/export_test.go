package oauthflow

// Challenge is what Begin sends for a verifier.
func Challenge(verifier string) string { return challenge(verifier) }

// ParseParams is the reader of token responses.
var ParseParams = parseParams

// ParseMetadata is the reader of discovery documents.
var ParseMetadata = parseMetadata

// IsLocalPath decides what WithReturnTo takes.
var IsLocalPath = isLocalPath
