package jose

// VerifyRaw lets vectors of bare signatures reach the verification of a key.
func VerifyRaw(k *Key, a Algorithm, input, signature []byte) bool {
	return k.Suits(a) && k.verify(a, input, signature)
}
