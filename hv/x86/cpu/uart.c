/* SPDX-License-Identifier: MIT */
/* The legacy 16550 at COM1 (or COM2: "console=com2"), polled. */
#include <hv/arch.h>
#include <hv/boot.h>
#include <hv/string.h>

#include "x86/cpu/cpu.h"
#include "x86/cpu/insn.h"

#define UART_DATA      0
#define UART_IER       1
#define UART_IIR       2 /* read */
#define UART_FCR       2 /* written */
#define UART_LCR       3
#define UART_MCR       4
#define UART_LSR       5

#define LSR_DATA_READY 0x01
#define LSR_TX_EMPTY   0x20 /* all of its FIFO */
#define IIR_FIFO       0xc0
#define FIFO_SIZE      16u

static uint16_t port;
static unsigned int fifo_size;
static unsigned int room; /* characters that it surely takes; under the log's lock */

void uart_init(uint16_t base)
{
    outb(base + UART_IER, 0);
    outb(base + UART_LCR, 0x80); /* divisor latch: 115200 baud */
    outb(base + UART_DATA, 1);
    outb(base + UART_IER, 0);
    outb(base + UART_LCR, 0x03); /* 8n1 */
    outb(base + UART_FCR, 0x07);
    outb(base + UART_MCR, 0x0b);
    fifo_size = (inb(base + UART_IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_SIZE : 1;
    if (inb(base + UART_LSR) != 0xff) /* there is one */
        port = base;
}

/* So that a keystroke interrupts: received data raises the line. */
void uart_enable_rx_interrupt(void)
{
    if (port)
        outb(port + UART_IER, 1);
}

uint16_t uart_port(void)
{
    return port;
}

uint8_t uart_irq_line(void)
{
    return port == 0x2f8 ? 3 : 4;
}

unsigned int arch_console_room(void)
{
    if (!port)
        return FIFO_SIZE;
    if (!room && inb(port + UART_LSR) & LSR_TX_EMPTY)
        room = fifo_size;
    return room;
}

void arch_console_putc(char c)
{
    if (!port)
        return;
    for (unsigned int i = 0; i < 100000 && !arch_console_room(); i++)
        cpu_pause();
    if (room)
        room--;
    outb(port + UART_DATA, (uint8_t)c);
}

int arch_console_getc(void)
{
    if (!port || !(inb(port + UART_LSR) & LSR_DATA_READY))
        return -1;
    return inb(port + UART_DATA);
}
