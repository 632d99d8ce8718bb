package hash

import (
	"fmt"

	ssl "github.com/spacemonkeygo/openssl"
)

func Old() error {
	if _, err := ssl.NewCtxWithVersion(ssl.SSLv3); err != nil {
		fmt.Println(err)
	}
	engine, err := ssl.EngineById("dynamic")
	if err != nil {
		fmt.Println(err)
	}
	h, err := ssl.NewSHA1HashWithEngine(engine)
	if err != nil {
		return err
	}
	defer h.Close()
	_, err = ssl.MD4([]byte("x"))
	return err
}
