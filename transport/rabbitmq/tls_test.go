package rabbitmq_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbitnode"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// authority signs certificates for one test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	var der []byte
	der, a.key = sign(t, template, template, nil)
	var err error
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.pool.AddCert(a.cert)
	a.write("ca.pem", "CERTIFICATE", der)
	return a
}

// sign makes a key and a certificate for it; without a signer it signs itself.
func sign(t *testing.T, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	return der, key
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	require.NoError(a.t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

// issue signs a certificate for a server of that name, or a client, and
// returns its files.
func (a *authority) issue(name string) (cert, key string) {
	a.t.Helper()
	der, k := sign(a.t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, a.key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	require.NoError(a.t, err)
	return a.write(name+".pem", "CERTIFICATE", der), a.write(name+".key", "PRIVATE KEY", pkcs8)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	cert, key := a.issue("localhost")
	node := rabbittest.Node(t, rabbitnode.Options{
		TLS: &rabbitnode.TLS{
			Certificate: cert, Key: key,
			Authority: filepath.Join(a.dir, "ca.pem"), ClientAuthority: filepath.Join(a.dir, "ca.pem"),
		},
		Plugins: []string{"rabbitmq_auth_mechanism_ssl"},
	})
	clientCert, clientKey := a.issue("guest")
	pair, err := tls.LoadX509KeyPair(clientCert, clientKey)
	require.NoError(t, err)
	trusted := &tls.Config{RootCAs: a.pool}

	t.Run("certificate is the login", func(t *testing.T) {
		// The password is wrong on purpose: the certificate decides.
		u, err := url.Parse(node.TLSURL())
		require.NoError(t, err)
		u.User = url.UserPassword("guest", "wrong")
		c := connect(t, settings(), u.String(), rabbitmq.TLS(trusted), rabbitmq.ClientCertificate(pair))
		s := queue(t)
		_, bodies := collect(t, c, s)
		require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "x"))
		awaitBody(t, bodies, "x")
	})
	t.Run("password", func(t *testing.T) {
		withPair := trusted.Clone()
		withPair.Certificates = []tls.Certificate{pair}
		connect(t, settings(), node.TLSURL(), rabbitmq.TLS(withPair))
	})
	t.Run("unknown authority", func(t *testing.T) {
		err := fails(within(t, patience), t, node.TLSURL(), rabbitmq.ClientCertificate(pair))
		requirePermanent(t, err, "wanted a certificate that can be verified", "unknown authority", "hint: ")
	})
	t.Run("wrong host name", func(t *testing.T) {
		u, err := url.Parse(node.TLSURL())
		require.NoError(t, err)
		u.Host = "127.0.0.1:" + u.Port()
		err = fails(within(t, patience), t, u.String(), rabbitmq.TLS(trusted), rabbitmq.ClientCertificate(pair))
		requirePermanent(t, err, "wanted a certificate that can be verified", "127.0.0.1")
		connect(t, settings(), u.String(), rabbitmq.InsecureSkipTLSVerification(), rabbitmq.ClientCertificate(pair))
	})
	require.Empty(t, trusted.ServerName, "the caller's configuration was changed")
}
