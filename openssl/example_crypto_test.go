package openssl_test

import (
	"fmt"
	"log"
	"math/big"
	"time"

	"github.com/go-libssl/libssl/openssl"
)

// A certificate that signs itself.
func ExampleNewCertificate() {
	key, err := openssl.GenerateECKey(openssl.Prime256v1)
	if err != nil {
		log.Fatal(err)
	}
	cert, err := openssl.NewCertificate(&openssl.CertificateInfo{
		Serial:       big.NewInt(1),
		Expires:      24 * time.Hour,
		Country:      "DE",
		Organization: "Example",
		CommonName:   "localhost",
	}, key)
	if err != nil {
		log.Fatal(err)
	}
	if err := cert.AddExtension(openssl.NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"); err != nil {
		log.Fatal(err)
	}
	if err := cert.Sign(key, openssl.EVP_SHA256); err != nil {
		log.Fatal(err)
	}

	text, err := cert.MarshalPEM()
	if err != nil {
		log.Fatal(err)
	}
	again, err := openssl.LoadCertificateFromPEM(text)
	if err != nil {
		log.Fatal(err)
	}
	subject, err := again.GetSubjectName()
	if err != nil {
		log.Fatal(err)
	}
	name, _ := subject.GetEntry(openssl.NID_commonName)
	fmt.Println(name, again.GetSerialNumberHex(), again.GetVersion() == openssl.X509_V3)
	// Output: localhost 01 true
}

func ExampleNewGCMEncryptionCipherCtx() {
	key, iv := []byte("0123456789abcdef"), []byte("never twice!")
	enc, err := openssl.NewGCMEncryptionCipherCtx(128, nil, key, iv)
	if err != nil {
		log.Fatal(err)
	}
	if err := enc.ExtraData([]byte("to whom")); err != nil {
		log.Fatal(err)
	}
	ciphertext, err := enc.EncryptUpdate([]byte("the message"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := enc.EncryptFinal(); err != nil { // GCM has no last block
		log.Fatal(err)
	}
	tag, err := enc.GetTag()
	if err != nil {
		log.Fatal(err)
	}

	dec, err := openssl.NewGCMDecryptionCipherCtx(128, nil, key, iv)
	if err != nil {
		log.Fatal(err)
	}
	if err := dec.ExtraData([]byte("to whom")); err != nil {
		log.Fatal(err)
	}
	plaintext, err := dec.DecryptUpdate(ciphertext)
	if err != nil {
		log.Fatal(err)
	}
	if err := dec.SetTag(tag); err != nil {
		log.Fatal(err)
	}
	if _, err := dec.DecryptFinal(); err != nil { // before this, plaintext is not to be trusted
		log.Fatal(err)
	}
	fmt.Println(string(plaintext))
	// Output: the message
}

func ExampleHMAC() {
	h, err := openssl.NewHMAC([]byte("Jefe"), openssl.EVP_SHA256)
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	fmt.Fprint(h, "what do ya want ")
	fmt.Fprint(h, "for nothing?")
	mac, err := h.Final()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%x\n", mac)
	// Output: 5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843
}
