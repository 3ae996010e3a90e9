package setup

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// file is a file about the exporter of a target for Prometheus.
func (t target) file(kind string) string { return prometheusDir + "/" + t.name + "." + kind }

// folder has what is to be copied to the machine of a target.
func (t target) folder() string { return etc + "/watch/" + t.name }

const certifiedFor = 10 * 365 * 24 * time.Hour

// planTLS returns a certificate and a password for the exporter of a target: those of an earlier run, or new ones.
func (c *command) planTLS(t target) ([]change, error) {
	if t.host == "" {
		return nil, nil
	}
	files := []change{
		{path: t.folder() + "/tls.key", mode: 0o600, secret: true},
		{path: t.folder() + "/tls.crt", mode: 0o644},
		{path: t.folder() + "/web.yml", mode: 0o600, secret: true},
		{path: t.file("crt"), mode: 0o644, units: []string{prometheusUnit}},
		{path: t.file("password"), mode: 0o640, group: prometheusUser, secret: true, units: []string{prometheusUnit}},
	}
	complete := true
	for i := range files {
		old, err := c.read(files[i].path)
		if err != nil {
			return nil, err
		}
		if complete = complete && old != nil; complete {
			files[i].content = old.content
		}
	}
	host, _, err := net.SplitHostPort(t.host)
	if err != nil {
		return nil, err
	}
	if complete && certifies(files[1].content, host) {
		return files, nil
	}
	key, certificate, err := certify(host, time.Now().Add(certifiedFor))
	if err != nil {
		return nil, err
	}
	var random [24]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	password := hex.EncodeToString(random[:])
	c.hide(password)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	files[0].content, files[1].content = key, certificate
	files[2].content = "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\nbasic_auth_users:\n  prometheus: " + string(hash) + "\n"
	files[3].content, files[4].content = certificate, password+"\n"
	return files, nil
}

// certifies reports whether a certificate is for a host, now.
func certifies(text, host string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	return err == nil && certificate.VerifyHostname(host) == nil && time.Now().Before(certificate.NotAfter)
}

// certify returns a key and a certificate that it signs itself.
func certify(host string, until time.Time) (key, certificate string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return "", "", err
	}
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &private.PublicKey, private)
	if err != nil {
		return "", "", err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	block := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	return block("PRIVATE KEY", encoded), block("CERTIFICATE", der), nil
}
