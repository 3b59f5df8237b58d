module plugmesh/phoenix-go

go 1.24

require github.com/nshafer/phx v0.2.5

require github.com/gorilla/websocket v1.5.0 // indirect
