"""What kills servers: processes, Redis, PostgreSQL, power, disks, clocks. `make torture` plays them longer."""
