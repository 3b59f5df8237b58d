module plugmesh/plugin-name

go 1.24
