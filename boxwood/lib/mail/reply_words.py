"""The words with which mail programs introduce an earlier mail, in the languages that they are used in.

Each table has a line for a language. They are compared after `str.casefold`.
"""

from __future__ import annotations


def _words(table: str) -> frozenset[str]:
    return frozenset(word.strip().casefold() for line in table.strip().splitlines() for word in line.split("|"))


WROTE = _words(
    """
    wrote | writes
    schrieb | geschrieben | schreibt
    a écrit | ont écrit
    escribió | ha escrito
    ha scritto | scrisse
    escreveu | escreveram
    schreef | geschreven
    skrev | har skrivit | har skrevet
    kirjoitti
    napisał | napisała | napisał(a) | pisze
    napsal | napsala | napsal(a) | píše
    napísal | napísala | napísal(a) | napísal/a
    írta | írta ezt
    a scris
    yazdı | yazmış
    написал | написала | написал(а) | пишет | писал | писал(а)
    написав | написала | написав(ла) | пише
    написа
    έγραψε
    va escriure
    napisao | napisala | napisao/la | je napisao
    је написао | је написала
    napisal
    kirjutas
    rašė | parašė
    rakstīja
    đã viết
    menulis
    skrifaði
    كتب | كتبت
    כתב | כתבה | כתב/ה
    """
)
"""Verbs that are words of their own."""
WROTE_WITHIN = _words(
    """
    写道 | 寫道 | 撰写 | 写到
    書きました | 書き込みました | のメール | のメッセージ | からのメール
    작성 | 썼습니다 | 쓴 글
    เขียนว่า | เขียน
    """
)
"""Verbs of languages that write no space between words."""

_ON = _words(
    """
    on | at
    am
    le
    el
    il | in data
    em | no dia | a
    op
    den | på | kl.
    dne | dnia | w dniu | dňa
    pe | la data
    în | la
    в
    у
    στις
    à
    за
    na
    ในวันที่
    vào | lúc
    pada
    في
    בתאריך
    """
)
ON = (*(f"{word} " for word in _ON), "在", "于", "20")
"""How an introduction begins in many languages: with the word for "on", or with the year."""

ORIGINAL = _words(
    """
    original message | original mail | original email | original e-mail | original appointment | reply message
    ursprüngliche nachricht | originalnachricht | original-nachricht | original nachricht | ursprünglicher termin
    message d'origine | message d’origine | message original | message initial | mail original | e-mail d'origine
    mensaje original | correo original
    messaggio originale | messaggio di origine
    mensagem original
    oorspronkelijk bericht | origineel bericht | oorspronkelijke afspraak
    originalmeddelande | ursprungligt meddelande
    oprindelig meddelelse | original meddelelse | den oprindelige meddelelse
    opprinnelig melding | original melding
    alkuperäinen viesti
    wiadomość oryginalna | oryginalna wiadomość | treść oryginalnej wiadomości
    původní zpráva | původní e-mail | původní email
    pôvodná správa | pôvodný e-mail
    eredeti üzenet
    mesaj original | mesajul original
    orijinal mesaj | özgün ileti | orijinal ileti
    исходное сообщение | оригинальное сообщение | исходное письмо
    оригінальне повідомлення | вихідне повідомлення
    оригинално съобщение
    αρχικό μήνυμα
    missatge original
    izvorna poruka | originalna poruka
    izvirno sporočilo
    algne kiri | algne sõnum
    pradinis laiškas
    原始邮件 | 原始郵件 | 原始信件 | 原邮件 | 邮件原件 | 回复的原邮件 | 回复的邮件
    元のメッセージ | 元のメール
    원본 메일 | 원본 메시지 | 원본 이메일
    الرسالة الأصلية
    ההודעה המקורית
    thư gốc | tin nhắn gốc
    pesan asli
    """
)
FORWARDED = _words(
    """
    forwarded message | begin forwarded message | forwarded by | forwarded email
    weitergeleitete nachricht | anfang der weitergeleiteten nachricht | weitergeleitet von
    message transféré | début du message transféré | début du message réexpédié | message réexpédié
    mensaje reenviado | inicio del mensaje reenviado | mensaje transmitido
    messaggio inoltrato | inizio messaggio inoltrato
    mensagem encaminhada | mensagem reencaminhada | início da mensagem encaminhada | início da mensagem reencaminhada
    doorgestuurd bericht | begin doorgestuurd bericht
    vidarebefordrat meddelande | vidarebefordrat brev | vidarebefordrat mejl
    videresendt meddelelse | videresendt besked | start på videresendt besked
    videresendt melding | videresendt e-post
    välitetty viesti | edelleenlähetetty viesti
    przekazana wiadomość | wiadomość przekazana dalej | treść przekazanej wiadomości
    přeposlaná zpráva
    preposlaná správa
    továbbított üzenet | továbbított levél
    mesaj redirecționat | mesaj redirecţionat
    yönlendirilen mesaj | iletilmiş ileti | iletilen mesaj
    пересылаемое сообщение | пересланное сообщение | пересылаемое письмо
    переслане повідомлення
    препратено съобщение
    προωθημένο μήνυμα
    missatge reenviat
    proslijeđena poruka
    posredovano sporočilo
    edastatud kiri
    persiųstas laiškas
    转发的邮件 | 已转发邮件 | 转发邮件信息 | 轉寄郵件 | 轉寄的郵件
    転送メッセージ | 転送されたメッセージ
    전달된 메일 | 전달된 메시지 | 전달된 이메일
    رسالة معاد توجيهها | رسالة مُعاد توجيهها
    הודעה מועברת | הודעה שהועברה
    thư được chuyển tiếp | thư đã chuyển tiếp
    pesan diteruskan | pesan terusan
    """
)
FORWARD_PREFIXES = _words(
    """
    fw | fwd | wg | tr | rv | i | enc | vb | vl | pd | doorst | ilt | ilet | továbbítás | пересл | 转发 | 轉寄
    転送 | fyi
    """
)
"""What a forwarded mail's subject begins with, before a colon."""

FROM = _words(
    """
    from | reply-to
    von | absender
    de | expéditeur
    remitente
    da | mittente
    remetente
    van | afzender
    från
    fra | avsender | afsender
    lähettäjä
    od | nadawca
    odesílatel | odosielateľ
    feladó
    de la | expeditor
    kimden | gönderen
    от | от кого | отправитель
    від | від кого
    από
    šalje | pošiljatelj
    saatja | nuo | no
    发件人 | 寄件者 | 寄件人
    差出人 | 送信者
    보낸 사람 | 보낸사람 | 보내는 사람
    من | מאת
    từ | dari | จาก
    """
)
SENT = _words(
    """
    sent | date | sent at | sent on
    gesendet | gesendet am | datum
    envoyé | envoyé le
    enviado | enviado el | fecha
    inviato | data
    enviada em | enviado em | enviada
    verzonden
    skickat
    sendt | dato | sendt dato
    lähetetty | päivämäärä | pvm
    wysłano | wysłane
    odesláno
    odoslané | dátum | odoslaná
    elküldve | küldve
    trimis
    gönderildi | gönderilme tarihi | gönderme tarihi | tarih
    отправлено | дата
    надіслано
    изпратено
    στάλθηκε | ημερομηνία | εστάλη
    poslano | poslato
    saadetud | kuupäev | išsiųsta | nosūtīts
    发送时间 | 发送日期 | 日期 | 时间 | 寄件日期 | 傳送時間
    送信日時 | 日時 | 日付
    보낸 날짜 | 날짜 | 보낸날짜 | 보낸 시간
    تاريخ الإرسال | التاريخ | נשלח | תאריך
    đã gửi | ngày | dikirim | tanggal | ส่ง | วันที่
    """
)
TO = _words(
    """
    to | cc | bcc | an | kopie | à | pour | copie à | para | a | per | aan | till | kopia | til | kopi | vastaanottaja
    kopio | do | dw | komu | kópia | címzett | másolat | către | kime | bilgi | alıcı | кому | копия | копія | до
    προς | κοιν | za | prima | kam | saaja | kellele | 收件人 | 收件者 | 抄送 | 副本 | 宛先 | 받는 사람 | 받는사람
    참조 | إلى | نسخة | אל | עותק | đến | tới | kepada | ถึง
    """
)
SUBJECT = _words(
    """
    subject | betreff | objet | sujet | asunto | oggetto | assunto | onderwerp | ämne | emne | aihe | temat | předmět
    predmet | tárgy | subiect | konu | тема | относно | θέμα | assumpte | zadeva | naslov | teema | tema
    主题 | 主旨 | 件名 | 제목 | الموضوع | נושא | chủ đề | tiêu đề | subjek | perihal | เรื่อง
    """
)
